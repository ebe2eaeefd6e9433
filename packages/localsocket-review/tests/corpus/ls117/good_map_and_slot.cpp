#include <QHash>
#include <QLocalSocket>

class Registry : public QObject
{
    Q_OBJECT
public:
    void add(const QString &name, QLocalSocket *socket)
    {
        connect(socket, &QLocalSocket::disconnected, this, &Registry::forget);
        m_sockets[name] = socket;
    }

    void send(const QString &name, const QByteArray &message) { m_sockets.value(name)->write(message); }

private slots:
    void forget()
    {
        QLocalSocket *socket = qobject_cast<QLocalSocket *>(sender());
        m_sockets.remove(m_sockets.key(socket)); // guard
        socket->deleteLater();
    }

private:
    QHash<QString, QLocalSocket *> m_sockets;
};
