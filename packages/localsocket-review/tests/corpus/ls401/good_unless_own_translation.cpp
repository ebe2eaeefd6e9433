#include <QCoreApplication>
#include <QLocalServer>

class Greeter : public QObject
{
    Q_DECLARE_TR_FUNCTIONS(Greeter)
public:
    QString greeting() const { return tr("Welcome to %1").arg(m_server.serverName()); }

private:
    QLocalServer m_server;
};
