#include <QLocalSocket>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(QLocalSocket *socket) : m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::connected, this, [this]() { m_isConnected = true; });
        QObject::connect(m_socket, &QLocalSocket::disconnected, this, [=] { stopped(); });
    }

    bool isConnected() const { return m_isConnected; }

    void log(QObject *log)
    {
        connect(m_socket, &QLocalSocket::readyRead, log, [log] { log->setObjectName("busy"); });
    }

signals:
    void stopped();

private:
    QLocalSocket *m_socket = nullptr;
    bool m_isConnected = false;
};
