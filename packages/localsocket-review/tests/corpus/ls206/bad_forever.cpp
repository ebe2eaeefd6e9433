#include <QLocalServer>
#include <QLocalSocket>

QByteArray ask(QLocalSocket &socket, const QByteArray &question)
{
    constexpr int forever = -1;
    socket.write(question);
    if (!socket.waitForReadyRead(forever)) // expect: LS206
        return {};
    return socket.readAll();
}

bool isAsked(QLocalServer *server)
{
    return server->waitForNewConnection(-1); // expect: LS206
}
