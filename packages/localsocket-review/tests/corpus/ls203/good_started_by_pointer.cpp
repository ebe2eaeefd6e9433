#include <QCoreApplication>
#include <QLocalSocket>
#include <QThread>

class Courier : public QThread
{
    Q_OBJECT
signals:
    void ready(const QByteArray &parcel);

protected:
    void run() override
    {
        for (int parcel = 0; parcel < 10; ++parcel) {
            emit ready(QByteArray::number(parcel) + '\n');
            msleep(100);
        }
    }
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLocalSocket way;
    QObject::connect(&way, &QLocalSocket::errorOccurred, &app, &QCoreApplication::quit);
    way.connectToServer("/run/post/way");
    Courier *courier = new Courier;
    QObject::connect(courier, &Courier::ready, &way, [&way](const QByteArray &parcel) { way.write(parcel); });
    QObject::connect(courier, &QThread::finished, courier, &QObject::deleteLater);
    courier->start();
    return app.exec();
}
