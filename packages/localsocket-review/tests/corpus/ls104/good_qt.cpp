#include <QLocalServer>

class Bus : public QLocalServer
{
    Q_OBJECT
public:
    explicit Bus(QObject *parent = nullptr) : QLocalServer(parent)
    {
        setSocketOptions(QLocalServer::UserAccessOption);
    }
    bool start() { return listen(QStringLiteral("bus")); }
};
