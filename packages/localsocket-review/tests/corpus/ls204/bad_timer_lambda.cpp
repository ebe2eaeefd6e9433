#include <QLabel>
#include <QLocalSocket>
#include <QTimer>

class Gauge : public QLabel
{
    Q_OBJECT
public:
    Gauge(QLocalSocket *socket, QTimer *clock) : m_socket(socket)
    {
        connect(clock, &QTimer::timeout, [this] { // expect: LS204
            if (m_socket->state() == QLocalSocket::ConnectedState)
                m_socket->write("?\n");
        });
        connect(socket, &QLocalSocket::readyRead, this, &Gauge::read);
    }

private:
    void read()
    {
        while (m_socket->canReadLine())
            setText(QString::fromUtf8(m_socket->readLine(40)));
    }

    QLocalSocket *m_socket;
};
