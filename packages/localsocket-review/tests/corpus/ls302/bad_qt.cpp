#include <QLocalSocket>

class Lines : public QObject
{
    Q_OBJECT
public:
    explicit Lines(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Lines::read);
        connect(m_socket, &QLocalSocket::disconnected, m_socket, &QObject::deleteLater);
    }

signals:
    void line(const QByteArray &text);

private slots:
    void read()
    {
        m_buffer.append(m_socket->readAll());
        int end = 0;
        while ((end = m_buffer.indexOf('\n')) >= 0) {
            emit line(m_buffer.left(end));
            m_buffer.remove(0, end + 1); // expect: LS302
        }
    }

private:
    QLocalSocket *m_socket = nullptr;
    QByteArray m_buffer;
};
