#include <QLocalServer>

class Door : public QObject
{
    Q_OBJECT
public:
    bool start(const QString &name)
    {
        m_server.setSocketOptions(QLocalServer::UserAccessOption);
        return m_server.listen(name);
    }

private:
    QLocalServer m_server;
};
