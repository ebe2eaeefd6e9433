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
        int begin = 0;
        int end = 0;
        while ((end = m_buffer.indexOf('\n', begin)) >= 0) {
            emit line(m_buffer.mid(begin, end - begin));
            begin = end + 1;
        }
        m_buffer.remove(0, begin);
    }

private:
    QLocalSocket *m_socket = nullptr;
    QByteArray m_buffer;
};
