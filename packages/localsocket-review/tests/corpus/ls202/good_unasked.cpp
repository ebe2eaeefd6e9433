#include <QLocalServer>
#include <QLocalSocket>

class Server : public QObject
{
    Q_OBJECT
public:
    explicit Server(QLocalServer *server) : QObject(server), m_server(server)
    {
        connect(m_server, &QLocalServer::newConnection, this, &Server::onNewConnection);
    }

public slots:
    void onNewConnection()
    {
        while (QLocalSocket *socket = m_server->nextPendingConnection()) {
            connect(socket, &QLocalSocket::readyRead, this, [socket] { socket->write(socket->readAll()); });
            connect(socket, &QLocalSocket::disconnected, socket, &QLocalSocket::deleteLater);
        }
    }

    void greet()
    {
        if (auto *socket = m_server->nextPendingConnection()) {
            socket->write("hello\n");
            socket->deleteLater();
        }
    }

private:
    QLocalServer *m_server = nullptr;
};
