#include "singleinstance.h"

#include <QCoreApplication>
#include <QDebug>

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    SingleInstance instance("org.example.editor");
    if (!instance.start())
        return instance.sendMessage("raise") ? 0 : 1;

    MessageLog log(100);
    Notifier notifier;
    QObject::connect(&instance, &SingleInstance::messageReceived, &app, [&](const QByteArray &message) {
        log.append(message);
        notifier.notify(message);
        qDebug() << log.count();
    });
    return app.exec();
}
