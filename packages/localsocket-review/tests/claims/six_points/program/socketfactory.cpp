#include "socketfactory.h"

SocketFactory::SocketFactory(const QString &name, int count, QObject *parent)
    : QObject(parent), m_name(name)
{
    for (int i = 0; i < count; ++i) {
        QLocalSocket *socket = new QLocalSocket(this);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket]() { onReadyRead(socket); });
        m_sockets.append(socket);
    }
}

bool SocketFactory::connectAll()
{
    for (QLocalSocket *socket : m_sockets) {
        socket->connectToServer(m_name);
        if (!socket->waitForConnected(5000))
            return false;
    }
    return true;
}

void SocketFactory::startAll(const QByteArray &chunk)
{
    for (QLocalSocket *socket : m_sockets)
        socket->write(chunk);
}

void SocketFactory::stop()
{
    m_stopped = true;
}

void SocketFactory::onReadyRead(QLocalSocket *socket)
{
    const QByteArray chunk = socket->readAll();
    m_received += chunk.size();
    emit bytesReceived(chunk.size());
    if (!m_stopped)
        socket->write(chunk);
}
