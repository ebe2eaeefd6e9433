#include <QLocalSocket>

bool reach(QLocalSocket &socket, const QString &name)
{
    socket.connectToServer(name);
    return socket.waitForConnected(3000) && socket.waitForReadyRead(1000);
}
