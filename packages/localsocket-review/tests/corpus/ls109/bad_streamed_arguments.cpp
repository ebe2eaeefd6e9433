#include <QLocalSocket>
#include <QProcess>

void run(QLocalSocket *socket)
{
    while (socket->canReadLine()) {
        const QString text = QString::fromUtf8(socket->readLine(100)).trimmed();
        QStringList arguments;
        arguments << "-c" << text;
        QProcess::startDetached("/bin/bash", arguments); // expect: LS109
    }
}
