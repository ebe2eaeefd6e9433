#include <QLocalServer>
#include <QTemporaryFile>

bool start(QLocalServer &server)
{
    QString name;
    {
        QTemporaryFile file;
        if (!file.open())
            return false;
        name = file.fileName();
    }
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(name); // expect: LS124
}
