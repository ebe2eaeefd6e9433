#include <QLocalServer>
#include <QTextStream>

QString first_line(QTextStream &in)
{
    return in.readLine();
}

bool serve_typed(QLocalServer &server)
{
    static QTextStream input(stdin);
    server.setSocketOptions(QLocalServer::UserAccessOption);
    return server.listen(input.readLine());
}
