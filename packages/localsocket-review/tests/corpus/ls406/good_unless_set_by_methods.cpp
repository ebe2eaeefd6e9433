#include <QLocalSocket>

class Client
{
public:
    Client() { reset(); }
    explicit Client(QLocalSocket *socket) : Client() { m_socket = socket; }
    int level() const { return m_level + m_spare; }
    void use() { m_socket->abort(); }

private:
    void reset()
    {
        m_socket = nullptr; // guard
        m_level = m_spare = 0;
    }

    QLocalSocket *m_socket;
    int m_level;
    int m_spare;
};
