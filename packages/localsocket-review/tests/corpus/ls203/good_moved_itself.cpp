#include <QLocalServer>
#include <QThread>

bool begin(QLocalServer *server, QThread *thread)
{
    server->setSocketOptions(QLocalServer::UserAccessOption);
    if (!server->listen("sundial"))
        return false;
    server->moveToThread(thread);
    return true;
}
