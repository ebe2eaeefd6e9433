#include <QList>
#include <QLocalServer>
#include <QLocalSocket>
#include <QPointer>

class Hub : public QObject
{
    Q_OBJECT
public slots:
    void accept()
    {
        while (QLocalSocket *socket = m_server->nextPendingConnection()) {
            m_clients << socket;
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        }
    }

    void broadcast(const QByteArray &message)
    {
        for (const QPointer<QLocalSocket> &client : m_clients)
            if (client && client->bytesToWrite() < 65536)
                client->write(message);
    }

private:
    QLocalServer *m_server = nullptr;
    QList<QPointer<QLocalSocket>> m_clients;
};
