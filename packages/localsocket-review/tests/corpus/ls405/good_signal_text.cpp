#include <QLocalSocket>

class Reader : public QObject
{
    Q_OBJECT

public:
    explicit Reader(QLocalSocket *socket, QObject *parent = nullptr) : QObject(parent), m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Reader::read);
        connect(m_socket, &QLocalSocket::errorOccurred, this, &Reader::fail);
        connect(m_socket, &QLocalSocket::disconnected, this, &Reader::fail);
    }

private slots:
    void read() { m_text += m_socket->readAll(); }
    void fail() { m_text.clear(); }

private:
    QLocalSocket *m_socket;
    QByteArray m_text;
};
