#include <QByteArray>
#include <QLocalSocket>
#include <cstdio>

class Clerk : public QObject
{
    Q_OBJECT
public:
    explicit Clerk(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Clerk::read);
    }

private:
    void read()
    {
        while (m_socket->canReadLine()) {
            const QByteArray line = m_socket->readLine(200).trimmed();
            char answer[256];
            std::snprintf(answer, sizeof answer, line.constData()); // expect: LS119
            m_socket->write(answer);
        }
    }

    QLocalSocket *m_socket;
};
