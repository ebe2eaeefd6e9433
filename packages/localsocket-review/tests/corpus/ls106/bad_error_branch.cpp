#include <QLocalServer>

bool start(QLocalServer *server, const QString &name)
{
    if (server->listen(name)) // expect: LS102
        return true;
    if (server->serverError() == QAbstractSocket::AddressInUseError) {
        QLocalServer::removeServer(name); // expect: LS106
        return server->listen(name);
    }
    return false;
}
