#include <QLocalSocket>

QByteArray ask(const QString &name, const QByteArray &question)
{
    QLocalSocket socket;
    socket.connectToServer(name);
    if (!socket.waitForConnected(3000)) // expect: LS405
        return {};
    socket.write(question);
    if (!socket.waitForBytesWritten(1500) || !socket.waitForReadyRead(10000))
        return {};
    return socket.canReadLine() ? socket.readLine(4096) : QByteArray();
}
