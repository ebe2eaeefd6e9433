#include <QLocalSocket>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket) : m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Session::answer);
        connect(m_socket, &QLocalSocket::disconnected, this, [this] {
            m_socket->deleteLater();
            m_socket = nullptr;
        });
    }

    void stop(QLocalSocket *other)
    {
        other->abort();
        delete other;
        other = nullptr;
    }

private slots:
    void answer()
    {
        m_socket->write("bye\n");
        sender()->deleteLater();
    }

private:
    QLocalSocket *m_socket;
};
