#include <QLocalSocket>
#include <sys/socket.h>
#include <unistd.h>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket) : m_socket(socket) {}

    bool isOurs() const { return peerUid() == ::getuid(); }

private:
    uid_t peerUid() const
    {
        ucred credentials{};
        socklen_t size = sizeof(credentials);
        if (::getsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
            return uid_t(-1);
        return credentials.uid;
    }

    QLocalSocket *m_socket;
};
