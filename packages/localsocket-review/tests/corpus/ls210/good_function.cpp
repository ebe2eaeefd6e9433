#include <QLocalSocket>

void greet(QObject *parent, const QString &name)
{
    auto *socket = new QLocalSocket(parent);
    QObject::connect(socket, &QLocalSocket::connected, socket, [socket] { socket->write("hello\n"); });
    QObject::connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    socket->connectToServer(name, QIODevice::WriteOnly);
}
