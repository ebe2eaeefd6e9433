#include <QHash>
#include <QLocalSocket>

class Registry : public QObject
{
    Q_OBJECT
public:
    void add(const QString &name, QLocalSocket *socket)
    {
        connect(socket, SIGNAL(disconnected()), this, SLOT(forget())); // expect: LS405
        m_sockets[name] = socket; // expect: LS117
    }

    void send(const QString &name, const QByteArray &message) { m_sockets.value(name)->write(message); }

private slots:
    void forget()
    {
        QLocalSocket *socket = qobject_cast<QLocalSocket *>(sender());
        socket->deleteLater();
    }

private:
    QHash<QString, QLocalSocket *> m_sockets;
};
