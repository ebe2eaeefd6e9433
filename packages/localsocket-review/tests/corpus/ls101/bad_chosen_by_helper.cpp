#include <QLocalServer>

static QLocalServer::SocketOptions chosen(bool forAll)
{
    QLocalServer::SocketOptions found = QLocalServer::UserAccessOption;
    if (forAll)
        found |= QLocalServer::WorldAccessOption;
    return found;
}

bool open(QLocalServer &server, bool forAll)
{
    server.setSocketOptions(chosen(forAll)); // expect: LS101
    return server.listen("kiosk");
}
