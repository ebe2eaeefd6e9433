#include <QLocalServer>
#include <QLocalSocket>

class Service : public QObject
{
    Q_OBJECT

public:
    explicit Service(QObject *parent = nullptr) : QObject(parent), m_server(new QLocalServer(this))
    {
        auto *socket = new QLocalSocket;
        socket->setParent(this); // guard
        connect(m_server, &QLocalServer::newConnection, socket, &QLocalSocket::abort);
    }

private:
    QLocalServer *m_server;
};
