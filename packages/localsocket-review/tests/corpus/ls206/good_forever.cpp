#include <QLocalServer>
#include <QLocalSocket>

QByteArray ask(QLocalSocket &socket, const QByteArray &question)
{
    constexpr int limit = 2000;
    socket.write(question);
    if (!socket.waitForReadyRead(limit))
        return {};
    return socket.readAll();
}

bool isAsked(QLocalServer *server)
{
    return server->waitForNewConnection(1000);
}
