#include <QLocalSocket>
#include <QTimer>

class Pulse : public QObject
{
public:
    Pulse()
    {
        connect(&m_socket, &QLocalSocket::connected, this, &Pulse::beat);
        connect(&m_timer, &QTimer::timeout, this, &Pulse::beat);
        m_timer.start(5000);
        m_socket.connectToServer("pulse");
    }

private:
    void beat()
    {
        if (m_socket.state() == QLocalSocket::UnconnectedState)
            m_socket.connectToServer("pulse");
    }

    QLocalSocket m_socket;
    QTimer m_timer;
};
