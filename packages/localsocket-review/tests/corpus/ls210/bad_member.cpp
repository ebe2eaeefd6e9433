#include <QLocalSocket>

class Client : public QObject
{
    Q_OBJECT
public:
    explicit Client(const QString &name, QObject *parent = nullptr) : QObject(parent), m_socket(new QLocalSocket(this))
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Client::read);
        m_socket->connectToServer(name); // expect: LS210
    }

signals:
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
