#include <QLocalServer>
#include <QLocalSocket>

void start(QLocalServer &server, QLocalSocket *socket)
{
    server.setSocketOptions(QLocalServer::UserAccessOption);
    server.listen("editor");
    if (!server.isListening())
        qFatal("no server");
    socket->disconnectFromServer();
    socket->waitForDisconnected(100);
}
