#include <QLocalSocket>
#include <QThread>

bool receive(QLocalSocket *socket, qint64 size)
{
    while (socket->bytesAvailable() < size) {
        if (!socket->waitForReadyRead(1) && socket->state() != QLocalSocket::ConnectedState) // expect: LS303
            return false;
    }
    return true;
}

void await(QLocalSocket *socket)
{
    while (socket->bytesToWrite() > 0)
        QThread::msleep(10); // expect: LS303
}
