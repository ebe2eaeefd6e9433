#include <QLocalServer>
#include <QLocalSocket>

class Session : public QObject
{
public:
    Session(QLocalSocket *socket, QObject *parent) : QObject(parent), m_socket(socket)
    {
        m_socket->setParent(this);
        connect(m_socket, &QLocalSocket::disconnected, this, &QObject::deleteLater);
    }

private:
    QLocalSocket *m_socket = nullptr;
};

class Server : public QObject
{
public:
    explicit Server(QLocalServer *server) : QObject(server), m_server(server)
    {
        connect(m_server, &QLocalServer::newConnection, this, [this] {
            while (m_server->hasPendingConnections())
                new Session(m_server->nextPendingConnection(), this);
        });
    }

private:
    QLocalServer *m_server = nullptr;
};

bool once(const QString &name)
{
    QLocalServer server;
    server.setSocketOptions(QLocalServer::UserAccessOption);
    if (!server.listen(name) || !server.waitForNewConnection(1000))
        return false;
    QLocalSocket *socket = server.nextPendingConnection();
    if (!socket)
        return false;
    return socket->write("busy\n") > 0;
}
