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
        QLocalSocket *socket = m_server->nextPendingConnection(); // expect: LS202
        connect(socket, &QLocalSocket::readyRead, this, [socket] { socket->write(socket->readAll()); });
        connect(socket, &QLocalSocket::disconnected, socket, &QLocalSocket::deleteLater);
    }

    void greet()
    {
        m_server->nextPendingConnection()->write("hello\n"); // expect: LS202
    }

private:
    QLocalServer *m_server = nullptr;
};
