#include <QLocalSocket>
#include <QStandardPaths>

static QString endpoint()
{
    const QString name = QStringLiteral("/editor");
#if defined(Q_OS_UNIX) && !defined(Q_OS_MACOS)
    return QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation) + name;
#else
    return QStandardPaths::writableLocation(QStandardPaths::TempLocation) + name;
#endif
}

void ask(QLocalSocket &socket)
{
    socket.connectToServer(endpoint());
}
