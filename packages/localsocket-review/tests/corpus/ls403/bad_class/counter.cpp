#include "counter.h"

Counter::Counter(QLocalSocket *socket, QObject *parent) : QObject(parent), m_socket(socket)
{
    connect(m_socket, &QLocalSocket::readyRead, this, &Counter::count);
}

void Counter::count()
{
    m_count += m_socket->bytesAvailable();
    m_socket->readAll();
}

void Counter::forget()
{
    m_count = 0;
}
