#include <QDataStream>
#include <QLocalSocket>

QByteArray receive(QLocalSocket *socket)
{
    QDataStream stream(socket);
    quint32 size;
    stream.startTransaction();
    stream >> size;
    if (!stream.commitTransaction())
        return {};
    QByteArray data;
    data.resize(qMin<quint32>(size, 65536));
    return data;
}
