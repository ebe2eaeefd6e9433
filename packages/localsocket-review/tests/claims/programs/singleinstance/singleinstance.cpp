#include "singleinstance.h"

#include <QDataStream>
#include <QDebug>

static const int MaxMessageSize = 64 * 1024;

SingleInstance::SingleInstance(const QString &name, QObject *parent)
    : QObject(parent), m_name(name)
{
}

SingleInstance::~SingleInstance()
{
    if (m_server)
        m_server->close();
}

QString SingleInstance::name() const
{
    return m_name;
}

bool SingleInstance::isPrimary() const
{
    return m_primary;
}

bool SingleInstance::start()
{
    QLocalSocket probe;
    probe.connectToServer(m_name);
    if (probe.waitForConnected(200))
        return false;

    m_server = new QLocalServer(this);
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    connect(m_server, &QLocalServer::newConnection, this, &SingleInstance::onNewConnection);
    if (!m_server->listen(m_name) && m_server->serverError() == QAbstractSocket::AddressInUseError) {
        QLocalServer::removeServer(m_name);
        m_server->listen(m_name);
    }
    m_primary = m_server->isListening();
    return m_primary;
}

bool SingleInstance::sendMessage(const QByteArray &message, int timeout)
{
    QLocalSocket *socket = new QLocalSocket;
    socket->connectToServer(m_name);
    if (!socket->waitForConnected(timeout)) {
        qWarning() << "cannot connect:" << socket->errorString();
        return false;
    }
    QByteArray block;
    QDataStream out(&block, QIODevice::WriteOnly);
    out << message;
    socket->write(block);
    return socket->waitForBytesWritten(timeout);
}

void SingleInstance::onNewConnection()
{
    while (QLocalSocket *socket = m_server->nextPendingConnection()) {
        connect(socket, &QLocalSocket::readyRead, this, &SingleInstance::onReadyRead);
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }
}

void SingleInstance::onReadyRead()
{
    QLocalSocket *socket = qobject_cast<QLocalSocket *>(sender());
    if (!socket)
        return;
    QByteArray &buffer = m_buffers[socket];
    buffer += socket->readAll();
    if (buffer.size() > MaxMessageSize) {
        socket->abort();
        return;
    }
    QDataStream in(&buffer, QIODevice::ReadOnly);
    in.startTransaction();
    QByteArray message;
    in >> message;
    if (in.commitTransaction()) {
        m_buffers.remove(socket);
        emit messageReceived(message);
    }
}

void SingleInstance::resetState()
{
    m_primary = false;
}

MessageLog::MessageLog(int limit)
    : m_limit(limit)
{
}

void MessageLog::append(const QByteArray &message)
{
    if (entries.size() == m_limit)
        entries.removeFirst();
    entries.append(message);
}

void Notifier::notify(const QByteArray &message)
{
    qInfo() << message;
    emit notified();
}
