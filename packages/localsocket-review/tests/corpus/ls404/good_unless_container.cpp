#include <QHash>
#include <QLocalSocket>
#include <QVector>

class Pool
{
public:
    ~Pool()
    {
        for (QLocalSocket *socket : m_sockets)
            socket->deleteLater();
        while (!m_spare.isEmpty())
            delete m_spare.takeFirst();
        qDeleteAll(m_named); // guard
    }

    void grow(const QString &name)
    {
        auto *socket = new QLocalSocket;
        m_sockets.append(socket);
        m_spare.push_back(new QLocalSocket);
        m_named.insert(name, new QLocalSocket);
    }

private:
    QVector<QLocalSocket *> m_sockets;
    QVector<QLocalSocket *> m_spare;
    QHash<QString, QLocalSocket *> m_named;
};
