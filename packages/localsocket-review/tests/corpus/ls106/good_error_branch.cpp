#include <QLocalServer>
#include <QLocalSocket>

bool start(QLocalServer *server, const QString &name)
{
    server->setSocketOptions(QLocalServer::UserAccessOption);
    if (server->listen(name))
        return true;
    if (server->serverError() == QAbstractSocket::AddressInUseError) {
        QLocalSocket probe;
        probe.connectToServer(name);
        if (probe.waitForConnected(1000))
            return false;
        QLocalServer::removeServer(name);
        return server->listen(name);
    }
    return false;
}
