#include <QList>
#include <QLocalServer>
#include <QLocalSocket>

class Hub : public QLocalServer
{
    Q_OBJECT
public:
    explicit Hub(QObject *parent = nullptr) : QLocalServer(parent)
    {
        connect(this, &QLocalServer::newConnection, this, [this] {
            while (hasPendingConnections()) {
                QLocalSocket *client = nextPendingConnection();
                m_clients.append(client);
                connect(client, &QLocalSocket::disconnected, this, [this, client] {
                    m_clients.removeOne(client);
                    client->deleteLater(); // guard
                });
            }
        });
    }

private:
    QList<QLocalSocket *> m_clients;
};
