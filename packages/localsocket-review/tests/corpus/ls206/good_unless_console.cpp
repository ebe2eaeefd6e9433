#include <QCoreApplication>
#include <QLocalSocket>
#include <cstdio>

int main(int argc, char *argv[])
{
    QCoreApplication application(argc, argv);
    QLocalSocket socket;
    socket.connectToServer("oracle");
    if (!socket.waitForConnected(1000) || !socket.waitForReadyRead(-1))
        return 1;
    puts(socket.readAll().constData());
    return 0;
}
