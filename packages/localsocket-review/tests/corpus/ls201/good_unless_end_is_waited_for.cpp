#include <QLocalSocket>

void leave(QLocalSocket &socket)
{
    socket.disconnectFromServer();
    socket.waitForDisconnected(500);
}
