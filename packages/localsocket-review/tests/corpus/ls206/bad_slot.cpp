#include <QLocalSocket>
#include <QObject>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(QObject *parent = nullptr) : QObject(parent), m_socket(new QLocalSocket(this))
    {
        connect(m_socket, &QLocalSocket::disconnected, this, &Client::stopped);
    }

signals:
    void answered(const QByteArray &answer);
    void stopped();

public slots:
    void ask()
    {
        m_socket->connectToServer("oracle");
        if (m_socket->waitForConnected(5000)) // expect: LS206
            send();
    }

private:
    void send()
    {
        m_socket->write("what?\n");
        if (m_socket->waitForBytesWritten(1000)) // expect: LS206
            emit answered("sent");
    }

    QLocalSocket *m_socket = nullptr;
};
