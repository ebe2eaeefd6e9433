#include <QLocalServer>
#include <QLocalSocket>

bool start(const QString &name)
{
    auto *server = new QLocalServer(qApp);
    server->setSocketOptions(QLocalServer::UserAccessOption);
    return server->listen(name);
}

class Client : public QLocalSocket
{
public:
    void call(const QString &name)
    {
        connectToServer(name);
        if (waitForConnected(1000))
            write("hello\n");
    }
};
