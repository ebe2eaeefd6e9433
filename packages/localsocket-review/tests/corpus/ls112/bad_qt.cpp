#include <QFile>
#include <QLocalSocket>
#include <csignal>
#include <sys/socket.h>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket) : m_socket(socket) {}

    QString program() const
    {
        return QFile::symLinkTarget(QString("/proc/%1/exe").arg(peerPid())); // expect: LS112
    }

    void end() { ::kill(peerPid(), SIGTERM); } // expect: LS112

private:
    pid_t peerPid() const
    {
        ucred credentials{};
        socklen_t size = sizeof(credentials);
        if (::getsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
            return -1;
        return credentials.pid;
    }

    QLocalSocket *m_socket;
};
