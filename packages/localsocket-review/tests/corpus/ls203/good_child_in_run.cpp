#include <QLocalServer>
#include <QThread>

class Listener : public QThread
{
    Q_OBJECT
public:
    void run() override
    {
        QLocalServer server;
        server.setSocketOptions(QLocalServer::UserAccessOption);
        if (server.listen("listener"))
            exec();
    }
};
