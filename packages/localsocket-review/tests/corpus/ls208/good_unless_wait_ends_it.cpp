#include <QLocalSocket>

namespace transfer {

bool exactly(QLocalSocket &from, qint64 wanted, QByteArray &into)
{
    while (into.size() < wanted) {
        if (!from.bytesAvailable() && !from.waitForReadyRead(2500))
            return false;
        into += from.read(wanted - into.size());
    }
    return true;
}

bool at_least(QLocalSocket *from, qint64 wanted)
{
    while (from->bytesAvailable() < wanted) {
        const bool more = from->waitForReadyRead(2500);
        if (!more)
            break;
    }
    return from->bytesAvailable() >= wanted;
}

}
