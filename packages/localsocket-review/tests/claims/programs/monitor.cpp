#include "monitor.h"

Monitor::Monitor(QObject *parent)
    : QObject(parent), m_server(new QLocalServer(this))
{
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    connect(m_server, &QLocalServer::newConnection, this, &Monitor::on_server_newConnection);
}

bool Monitor::open(const QString &name)
{
    return m_server->listen(name);
}

void Monitor::send(const QByteArray &message)
{
    QLocalSocket *socket = new QLocalSocket;
    socket->connectToServer("monitor");
    socket->waitForConnected(100);
    for (int attempt = 0; attempt < RETRY_LIMIT; ++attempt)
        socket->write(message);
}

void Monitor::send(const QString &message, int priority)
{
    if (priority > 0)
        send(message.toUtf8());
}

void Monitor::on_server_newConnection()
{
    QLocalSocket *socket = m_server->nextPendingConnection();
    if (!socket)
        return;
    connect(socket, &QLocalSocket::readyRead, this, [this, socket]() { emit received(socket->readAll()); });
    connect(socket, &QLocalSocket::disconnected, socket, &QLocalSocket::deleteLater);
}

void Monitor::helper()
{
}
