#include <QLocalSocket>

bool receive(QLocalSocket *socket, qint64 size)
{
    while (socket->bytesAvailable() < size) {
        if (!socket->waitForReadyRead(2000))
            return false;
    }
    return true;
}

bool await(QLocalSocket *socket)
{
    while (socket->bytesToWrite() > 0) {
        if (!socket->waitForBytesWritten(2000))
            return false;
    }
    return true;
}
