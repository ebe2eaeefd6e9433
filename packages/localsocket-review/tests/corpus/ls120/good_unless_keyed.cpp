#include <QHash>
#include <QLocalSocket>
#include <map>
#include <string>

void look(QLocalSocket *socket, std::map<int, std::string> &names, QHash<QString, int> &counts)
{
    if (!socket->canReadLine())
        return;
    QString key = socket->readLine();
    counts[key] = 1;
    int number = key.toInt();
    names[number] = "seen";
}
