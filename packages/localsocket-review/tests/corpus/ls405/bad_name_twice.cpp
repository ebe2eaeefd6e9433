#include <QLocalServer>
#include <QLocalSocket>

bool serve(QLocalServer &server)
{
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(QStringLiteral("editor.control"));
}

void call(QLocalSocket &socket)
{
    const QString name = "editor.control"; // expect: LS405
    socket.connectToServer(name);
}
