#include <QLocalServer>
#include <QLocalSocket>

QLocalSocket *makeSocket(const QString &name)
{
    auto *socket = new QLocalSocket;
    socket->connectToServer(name);
    return socket;
}

void offer(Registry &registry)
{
    registry.takeOver(new QLocalServer);
    auto *socket = new QLocalSocket;
    registry.takeOver(socket); // guard
    static auto *forever = new QLocalServer;
    registry.borrow(*forever);
}
