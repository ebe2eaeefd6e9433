#include <QLocalSocket>
#include <QtEndian>

class Blocks : public QObject
{
    Q_OBJECT
public:
    explicit Blocks(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Blocks::read);
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

signals:
    void block(const QByteArray &data);

private slots:
    void read()
    {
        quint32 size = 0;
        m_socket->read(reinterpret_cast<char *>(&size), sizeof(size)); // expect: LS207
        if (size > 4096)
            return m_socket->abort();
        const quint32 kind = qFromBigEndian<quint32>(m_socket->read(4).constData()); // expect: LS207
        if (kind == 1)
            emit block(m_socket->read(size));
    }

private:
    QLocalSocket *m_socket = nullptr;
};
