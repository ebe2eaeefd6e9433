#include <QLocalSocket>
#include <QProcess>

void run(QLocalSocket *socket)
{
    while (socket->canReadLine()) {
        const QString text = QString::fromUtf8(socket->readLine(100)).trimmed();
        QStringList arguments;
        arguments << "--" << text;
        QProcess::startDetached("/usr/bin/beep", arguments);
    }
}
