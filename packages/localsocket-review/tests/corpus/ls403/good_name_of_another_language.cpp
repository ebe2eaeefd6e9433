#include <QLocalSocket>

class Log
{
public:
    explicit Log(QLocalSocket *socket) : m_socket(socket) {}
    ~Log() { m_socket->disconnectFromServer(); }

private:
    QLocalSocket *m_socket = nullptr;
};
