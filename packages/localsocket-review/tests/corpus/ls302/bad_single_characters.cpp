#include <QLocalSocket>

QByteArray word(QLocalSocket *socket)
{
    QByteArray found;
    char letter = 0;
    while (found.size() < 40 && socket->getChar(&letter) && letter != ' ') // expect: LS302
        found.append(letter);
    return found;
}
