#include <QLocalSocket>

bool hasNow(QLocalSocket &socket)
{
    return socket.waitForConnected(0) && socket.waitForReadyRead(0) && socket.waitForBytesWritten(0);
}
