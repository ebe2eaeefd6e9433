#include <QLocalServer>

static QLocalServer::SocketOptions chosen(bool forAll)
{
    QLocalServer::SocketOptions found = QLocalServer::UserAccessOption;
    if (forAll)
        found = QLocalServer::UserAccessOption;
    return found;
}

bool open(QLocalServer &server, bool forAll)
{
    server.setSocketOptions(chosen(forAll));
    return server.listen("kiosk");
}
