#include <QLocalServer>
#include <QTemporaryDir>

bool start(QLocalServer &server, const QTemporaryDir &directory)
{
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(directory.filePath("control"));
}
