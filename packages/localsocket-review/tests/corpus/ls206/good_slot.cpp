#include <QLocalSocket>
#include <QObject>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(QObject *parent = nullptr) : QObject(parent), m_socket(new QLocalSocket(this))
    {
        connect(m_socket, &QLocalSocket::disconnected, this, &Client::stopped);
        connect(m_socket, &QLocalSocket::connected, this, &Client::send);
    }

signals:
    void answered(const QByteArray &answer);
    void stopped();

public slots:
    void ask()
    {
        m_socket->connectToServer("oracle");
    }

private:
    void send()
    {
        m_socket->write("what?\n");
        emit answered("sent");
    }

    QLocalSocket *m_socket = nullptr;
};
