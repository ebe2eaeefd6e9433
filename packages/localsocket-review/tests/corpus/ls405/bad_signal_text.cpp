#include <QLocalSocket>

class Reader : public QObject
{
    Q_OBJECT

public:
    explicit Reader(QLocalSocket *socket, QObject *parent = nullptr) : QObject(parent), m_socket(socket)
    {
        connect(m_socket, SIGNAL(readyRead()), this, SLOT(read())); // expect: LS405
        connect(m_socket, SIGNAL(errorOccurred(QLocalSocket::LocalSocketError)), SLOT(fail()));
        connect(m_socket, SIGNAL(disconnected()), SLOT(fail()));
    }

private slots:
    void read() { m_text += m_socket->readAll(); }
    void fail() { m_text.clear(); }

private:
    QLocalSocket *m_socket;
    QByteArray m_text;
};
