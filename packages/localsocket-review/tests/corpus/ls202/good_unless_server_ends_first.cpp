#include <QLocalServer>
#include <QLocalSocket>

bool firstGuest(const QString &name)
{
    QLocalServer server;
    server.setSocketOptions(QLocalServer::UserAccessOption);
    if (!server.listen(name) || !server.waitForNewConnection(500))
        return false;
    const QLocalSocket *guest = server.nextPendingConnection();
    return guest != nullptr && guest->isOpen();
}
