#include <QList>
#include <QLocalSocket>

class Factory : public QObject
{
    Q_OBJECT

public:
    void open(const QString &name)
    {
        auto *socket = new QLocalSocket(); // expect: LS404
        connect(socket, &QLocalSocket::connected, this, [this] { ++m_count; });
        connect(socket, &QLocalSocket::disconnected, this, [this] { --m_count; });
        m_sockets.append(socket);
        socket->connectToServer(name);
    }

    int count() const { return m_count; }

private:
    QList<QLocalSocket *> m_sockets;
    int m_count = 0;
};
