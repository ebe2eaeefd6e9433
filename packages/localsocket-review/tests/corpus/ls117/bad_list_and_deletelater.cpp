#include <QList>
#include <QLocalServer>
#include <QLocalSocket>

class Hub : public QObject
{
    Q_OBJECT
public slots:
    void accept()
    {
        while (QLocalSocket *socket = m_server->nextPendingConnection()) {
            m_clients << socket; // expect: LS117
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        }
    }

    void broadcast(const QByteArray &message)
    {
        for (QLocalSocket *client : m_clients)
            client->write(message); // expect: LS301
    }

private:
    QLocalServer *m_server = nullptr;
    QList<QLocalSocket *> m_clients;
};
