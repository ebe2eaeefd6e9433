#include <QLocalSocket>

class Client
{
public:
    explicit Client(QLocalSocket *socket) : m_socket(socket) {}
    void send(const QByteArray &text) { m_socket->write(framed(text)); }
    bool isIdle() const { return m_socket->bytesToWrite() == 0; }

private:
    QByteArray framed(const QByteArray &text) const { return text + '\n'; }
    QLocalSocket *m_socket;
};
