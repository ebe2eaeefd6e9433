#include "socketfactory.h"

SocketFactory::SocketFactory(const QString &name, int count)
    : m_name(name)
{
    for (int i = 0; i < count; ++i) {
        QLocalSocket *socket = new QLocalSocket;
        m_sockets.append(socket);
    }
    m_control = new QLocalSocket;
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
    m_control->write(chunk);
    m_control->readAll();
    m_reader = std::thread([this, chunk]() {
        while (m_control->waitForReadyRead(1000)) {
            const QByteArray answer = m_control->readAll();
            m_control->write(answer + chunk);
        }
    });
}

void SocketFactory::initTestCase()
{
}

void SocketFactory::pingPong_data()
{
}

void SocketFactory::dataExchange_data()
{
}
