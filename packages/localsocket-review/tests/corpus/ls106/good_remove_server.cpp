#include <QLocalServer>
#include <QLocalSocket>

class Instance : public QLocalServer
{
    Q_OBJECT
public:
    explicit Instance(const QString &name, QObject *parent = nullptr);

private:
    bool isAlive() const
    {
        QLocalSocket probe;
        probe.connectToServer(m_name);
        return probe.waitForConnected(500);
    }

    QString m_name;
};

Instance::Instance(const QString &name, QObject *parent) : QLocalServer(parent), m_name(name)
{
    if (isAlive())
        return;
    removeServer(m_name);
    setSocketOptions(QLocalServer::UserAccessOption);
    if (!listen(m_name))
        qWarning("cannot listen");
}
