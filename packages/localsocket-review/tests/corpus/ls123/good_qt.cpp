#include <QByteArray>
#include <QLocalSocket>

QByteArray take(QLocalSocket *socket)
{
    if (!socket->canReadLine())
        return {};
    int size = socket->readLine().trimmed().toInt();
    if (size < 0 || size >= 65536)
        return {};
    QByteArray body;
    body.resize(size);
    return body;
}
