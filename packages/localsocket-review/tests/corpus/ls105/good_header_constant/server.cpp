#include "names.h"

#include <QLocalServer>
#include <QLocalSocket>

bool serve(QLocalServer &server)
{
    const QString name = QString::fromLatin1(names::kControl);
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(name);
}

void call(QLocalSocket *socket)
{
    socket->connectToServer(QStringLiteral(DATA_SOCKET));
}
