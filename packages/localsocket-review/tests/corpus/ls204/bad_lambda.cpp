#include <QLocalSocket>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(QLocalSocket *socket) : m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::connected, [this]() { m_isConnected = true; }); // expect: LS204
        QObject::connect(m_socket, &QLocalSocket::disconnected, [=] { stopped(); }); // expect: LS204
    }

    bool isConnected() const { return m_isConnected; }

    void log(QObject *log)
    {
        connect(m_socket, &QLocalSocket::readyRead, [log] { log->setObjectName("busy"); }); // expect: LS204
    }

signals:
    void stopped();

private:
    QLocalSocket *m_socket = nullptr;
    bool m_isConnected = false;
};
