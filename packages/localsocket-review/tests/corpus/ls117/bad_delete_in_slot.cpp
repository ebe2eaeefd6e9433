#include <QLocalSocket>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket) : m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Session::answer);
        connect(m_socket, &QLocalSocket::disconnected, this, [this] {
            delete m_socket; // expect: LS117
            m_socket = nullptr;
        });
    }

    void stop(QLocalSocket *other)
    {
        delete other;
        other->abort(); // expect: LS117
    }

private slots:
    void answer()
    {
        m_socket->write("bye\n");
        delete sender(); // expect: LS117
    }

private:
    QLocalSocket *m_socket;
};
