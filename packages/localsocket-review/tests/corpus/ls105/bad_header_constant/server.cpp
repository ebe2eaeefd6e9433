#include "names.h"

#include <QLocalServer>
#include <QLocalSocket>

bool serve(QLocalServer &server)
{
    const QString name = QString::fromLatin1(names::kControl);
    return server.listen(name); // expect: LS102, LS105
}

void call(QLocalSocket *socket)
{
    socket->connectToServer(QStringLiteral(DATA_SOCKET)); // expect: LS105
}
