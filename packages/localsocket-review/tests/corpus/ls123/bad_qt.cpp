#include <QByteArray>
#include <QLocalSocket>

QByteArray take(QLocalSocket *socket)
{
    if (!socket->canReadLine())
        return {};
    int size = socket->readLine().trimmed().toInt();
    Q_ASSERT(size >= 0 && size < 65536); // expect: LS123
    QByteArray body;
    body.resize(size); // expect: LS110
    return body;
}
