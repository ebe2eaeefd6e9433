#include <QDir>
#include <QLocalServer>
#include <QStandardPaths>

bool start(QLocalServer &server)
{
    const QDir runtime(QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation));
    return server.listen(runtime.filePath("control"));
}
