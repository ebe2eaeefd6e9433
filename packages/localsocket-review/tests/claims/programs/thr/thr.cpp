#include <QLocalServer>
#include <QLocalSocket>
#include <QThread>

class Listener : public QThread
{
    Q_OBJECT

public:
    explicit Listener(int clients, int bytes) : m_clients(clients), m_bytes(bytes) {}

signals:
    void served(int count);

protected:
    void run() override
    {
        QLocalServer server;
        int count = 0;
        connect(&server, &QLocalServer::newConnection, [&] {
            QLocalSocket *socket = server.nextPendingConnection();
            if (!socket)
                return;
            connect(socket, &QLocalSocket::readyRead, socket, [this, socket] {
                const QByteArray data = socket->read(m_bytes);
                socket->write(data);
            });
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            emit served(++count);
            if (count == m_clients)
                quit();
        });
        if (!server.listen("thr"))
            return;
        exec();
    }

private:
    int m_clients;
    int m_bytes;
};

int main(int argc, char **argv)
{
    Listener listener(argc, 100);
    listener.start();
    listener.wait();
    return 0;
}
