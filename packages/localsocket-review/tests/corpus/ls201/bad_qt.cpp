#include <QLocalServer>
#include <QLocalSocket>

void start(const QString &name)
{
    auto *server = new QLocalServer(qApp);
    server->listen(name); // expect: LS102, LS201
}

class Client : public QLocalSocket
{
public:
    void call(const QString &name)
    {
        connectToServer(name);
        waitForConnected(1000); // expect: LS201
        write("hello\n");
    }
};
