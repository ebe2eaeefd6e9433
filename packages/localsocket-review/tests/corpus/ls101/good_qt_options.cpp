#include <QFile>
#include <QLocalServer>

class Door : public QObject
{
    Q_OBJECT
public:
    explicit Door(QObject *parent = nullptr) : QObject(parent)
    {
        const QLocalServer::SocketOptions options = QLocalServer::UserAccessOption;
        m_server.setSocketOptions(options);
    }

    bool open(const QString &name)
    {
        if (!m_server.listen(name))
            return false;
        return QFile::setPermissions(name + ".log", QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther);
    }

private:
    QLocalServer m_server;
};
