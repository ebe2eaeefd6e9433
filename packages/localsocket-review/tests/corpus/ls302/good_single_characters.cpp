#include <QLocalSocket>

QByteArray word(QLocalSocket *socket)
{
    QByteArray found;
    if (socket->canReadLine())
        found = socket->readLine(40);
    return found;
}
