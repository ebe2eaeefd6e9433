#include "serverthread.h"

#include <QLocalServer>
#include <QLocalSocket>

ServerThread::ServerThread(const QString &name, QObject *parent)
    : QThread(parent), m_name(name)
{
}

ServerThread::~ServerThread()
{
    quit();
    wait();
}

void ServerThread::run()
{
    QLocalServer server;
    if (!server.listen(m_name)) {
        qWarning("cannot listen: %s", qPrintable(server.errorString()));
        return;
    }
    connect(&server, &QLocalServer::newConnection, &server, [&server]() {
        QLocalSocket *socket = server.nextPendingConnection();
        if (!socket)
            return;
        connect(socket, &QLocalSocket::readyRead, socket, [socket]() {
            socket->write(socket->readAll());
        });
        connect(socket, &QLocalSocket::disconnected, socket, &QLocalSocket::deleteLater);
    });
    emit listening();
    exec();
}
