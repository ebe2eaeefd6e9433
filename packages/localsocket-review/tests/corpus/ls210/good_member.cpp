#include <QLocalSocket>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(const QString &name, QObject *parent = nullptr) : QObject(parent), m_socket(new QLocalSocket(this))
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Client::read);
        connect(m_socket, &QLocalSocket::errorOccurred, this, &Client::failed);
        connect(m_socket, &QLocalSocket::disconnected, this, &Client::failed);
        m_socket->connectToServer(name);
    }

signals:
    void failed();
    void answered(const QByteArray &text);

private slots:
    void read()
    {
        while (m_socket->canReadLine())
            emit answered(m_socket->readLine());
    }

private:
    QLocalSocket *m_socket = nullptr;
};
