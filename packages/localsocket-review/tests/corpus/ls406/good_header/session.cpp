#include "session.h"

Session::Session(QObject *parent) : QLocalServer(parent)
{
    setSocketOptions(QLocalServer::UserAccessOption);
}

void Session::incomingConnection(quintptr descriptor)
{
    if (m_socket == nullptr && m_level == 0)
        QLocalServer::incomingConnection(descriptor);
}
