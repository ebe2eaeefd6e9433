#include <QDataStream>
#include <QJsonDocument>
#include <QLocalSocket>

class Blocks : public QObject
{
public:
    explicit Blocks(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Blocks::append);
        connect(socket, &QLocalSocket::readyRead, this, &Blocks::passOn);
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

    void append()
    {
        m_buffer += m_socket->readAll();
        int end = -1;
        int begin = 0;
        while ((end = m_buffer.indexOf('\n', begin)) >= 0) {
            handle(QJsonDocument::fromJson(m_buffer.mid(begin, end - begin)));
            begin = end + 1;
        }
        m_buffer = m_buffer.mid(begin);
        if (m_buffer.size() > 65536)
            m_socket->abort();
    }

    void passOn()
    {
        m_socket->write(m_socket->readAll());
    }

    void header()
    {
        QDataStream in(m_socket);
        if (m_socket->bytesAvailable() < qint64(sizeof(quint16))) // guard
            return; // guard
        quint16 size = 0;
        in >> size;
        m_size = size;
    }

private:
    void handle(const QJsonDocument &document);

    QLocalSocket *m_socket = nullptr;
    QByteArray m_buffer;
    quint16 m_size = 0;
};
