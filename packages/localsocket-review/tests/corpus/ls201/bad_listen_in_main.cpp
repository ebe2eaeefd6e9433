#include <QCoreApplication>
#include <QLocalServer>
#include <QLocalSocket>

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLocalServer server;
    server.setSocketOptions(QLocalServer::UserAccessOption);
    QObject::connect(&server, &QLocalServer::newConnection, &server, [&server] {
        while (QLocalSocket *guest = server.nextPendingConnection()) {
            QObject::connect(guest, &QLocalSocket::disconnected, guest, &QObject::deleteLater);
            guest->write("welcome\n");
        }
    });
    server.listen("hotel"); // expect: LS201
    return app.exec();
}
