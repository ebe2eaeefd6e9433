#include <QLocalSocket>

class Collector : public QObject
{
    Q_OBJECT
public:
    explicit Collector(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Collector::read);
        connect(m_socket, &QLocalSocket::disconnected, this, [this] { emit collected(m_text); });
    }

signals:
    void collected(const QByteArray &text);

private slots:
    void read() { m_text.append(m_socket->readAll()); } // expect: LS301

private:
    QLocalSocket *m_socket = nullptr;
    QByteArray m_text;
};
