#include <QFile>
#include <QLocalServer>

class Door : public QObject
{
    Q_OBJECT
public:
    explicit Door(bool shared, QObject *parent = nullptr) : QObject(parent)
    {
        const QLocalServer::SocketOptions options = shared
            ? QLocalServer::SocketOptions(QLocalServer::GroupAccessOption | QLocalServer::UserAccessOption)
            : QLocalServer::SocketOptions(QLocalServer::UserAccessOption);
        m_server.setSocketOptions(options); // expect: LS101
    }

    bool open(const QString &name)
    {
        if (!m_server.listen(name))
            return false;
        return QFile::setPermissions(m_server.fullServerName(), // expect: LS101
                                     QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther | QFile::WriteOther);
    }

private:
    QLocalServer m_server;
};
