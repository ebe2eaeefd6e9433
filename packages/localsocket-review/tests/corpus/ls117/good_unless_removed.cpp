#include <QList>
#include <algorithm>
#include <QLocalServer>
#include <QLocalSocket>

class Hub : public QObject
{
    Q_OBJECT
public slots:
    void accept()
    {
        while (QLocalSocket *socket = m_server->nextPendingConnection()) {
            m_clients << socket;
            connect(socket, &QLocalSocket::disconnected, this, [this, socket] {
                m_clients.erase(std::remove(m_clients.begin(), m_clients.end(), socket), m_clients.end()); // guard
                socket->deleteLater();
            });
        }
    }

    void broadcast(const QByteArray &message)
    {
        for (QLocalSocket *client : m_clients)
            if (client->bytesToWrite() < 65536)
                client->write(message);
    }

private:
    QLocalServer *m_server = nullptr;
    QList<QLocalSocket *> m_clients;
};
