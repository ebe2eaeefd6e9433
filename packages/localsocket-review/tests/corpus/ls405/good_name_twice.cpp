#include <QLocalServer>
#include <QLocalSocket>

static const QString kName = QStringLiteral("editor.control");

bool serve(QLocalServer &server)
{
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(kName);
}

void call(QLocalSocket &socket)
{
    socket.connectToServer(kName);
}
