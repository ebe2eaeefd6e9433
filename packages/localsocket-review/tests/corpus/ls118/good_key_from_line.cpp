#include <QLocalSocket>
#include <QSharedMemory>

class Gallery : public QObject
{
    Q_OBJECT
public:
    explicit Gallery(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Gallery::show);
    }

private:
    void show()
    {
        while (m_socket->canReadLine()) {
            const QString name = QString::fromUtf8(m_socket->readLine(80)).trimmed();
            m_picture.setKey(name == "garden" ? "gallery-garden" : "gallery-street");
            if (!m_picture.attach(QSharedMemory::ReadOnly))
                m_socket->write("no picture\n");
        }
    }

    QLocalSocket *m_socket;
    QSharedMemory m_picture;
};
