#include <QLocalSocket>

bool isRunning(const QString &name)
{
    QLocalSocket socket;
    socket.connectToServer(name);
    return socket.waitForConnected(500);
}

void start(QLocalSocket *socket, const QString &name)
{
    socket->connectToServer(name);
}
