#include <QFile>
#include <QLocalServer>

class Door : public QObject
{
    Q_OBJECT
public:
    bool start(const QString &name)
    {
        if (!m_server.listen(name))
            return false;
        return QFile::setPermissions(m_server.fullServerName(), QFile::ReadOwner | QFile::WriteOwner); // expect: LS103
    }

private:
    QLocalServer m_server;
};
