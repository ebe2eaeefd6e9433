#include <QLocalSocket>

class Log
{
public:
    explicit Log(QLocalSocket *socket) : m_socket(socket) {}
    ~Log() { m_socket->disconnectFromServer(); }

private:
    QByteArray formatMessage(const QByteArray &text) const { return text + '\n'; } // expect: LS403
    QLocalSocket *m_socket = nullptr;
};
