#include <QLocalSocket>

bool send(const QString &name, const QByteArray &message)
{
    QLocalSocket owner;
    QLocalSocket *socket = &owner;
    socket->connectToServer(name);
    if (!socket->waitForConnected(1000))
        return false;
    socket->write(message);
    return socket->waitForBytesWritten(1000);
}
