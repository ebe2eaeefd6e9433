#include <QByteArray>
#include <QLocalSocket>

struct Message
{
    int kind = 0;
    int length = 0;
    QByteArray text;
};

class Queue
{
public:
    explicit Queue(QLocalSocket *socket) : m_socket(socket) {}
    void put(const Message &message) { m_last = message; }
    bool isOpen() const { return m_socket->isOpen() && m_last.kind + m_last.length > 0 && !m_last.text.isEmpty(); }

private:
    QLocalSocket *m_socket;
    Message m_last;
};
