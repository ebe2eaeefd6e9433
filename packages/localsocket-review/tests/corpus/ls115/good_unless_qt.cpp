#include <QLocalServer>
#include <QLocalSocket>

QLocalSocket *next(QLocalServer &server)
{
    return server.nextPendingConnection();
}
