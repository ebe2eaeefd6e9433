#include "serverthread.h"

#include <QLocalSocket>

ServerThread::ServerThread(const QString &name)
    : m_name(name)
{
    m_server = new QLocalServer;
}

void ServerThread::run()
{
    if (!m_server->listen(m_name))
        return;
    emit listening();
    exec();
    delete m_server;
}
