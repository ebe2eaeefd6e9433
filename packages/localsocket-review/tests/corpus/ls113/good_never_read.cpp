#include <QLocalSocket>
#include <sys/socket.h>
#include <unistd.h>

constexpr int kOption = SO_PEERCRED;

class Door
{
public:
    bool admits(QLocalSocket *socket)
    {
        socklen_t size = sizeof(m_peer);
        const int result = ::getsockopt(socket->socketDescriptor(), SOL_SOCKET, kOption, &m_peer, &size);
        return result == 0 && m_peer.uid == ::geteuid();
    }

private:
    ucred m_peer{};
};
