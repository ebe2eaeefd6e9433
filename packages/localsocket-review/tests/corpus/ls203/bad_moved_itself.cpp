#include <QLocalServer>
#include <QThread>

bool begin(QLocalServer *server, QThread *thread)
{
    server->setSocketOptions(QLocalServer::UserAccessOption);
    server->moveToThread(thread);
    return server->listen("sundial"); // expect: LS203
}
