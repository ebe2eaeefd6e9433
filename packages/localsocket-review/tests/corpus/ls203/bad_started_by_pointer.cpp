#include <QCoreApplication>
#include <QLocalSocket>
#include <QThread>

class Courier : public QThread
{
public:
    explicit Courier(QLocalSocket *way) : m_way(way) {}

protected:
    void run() override
    {
        for (int parcel = 0; parcel < 10; ++parcel) {
            m_way->write(QByteArray::number(parcel) + '\n'); // expect: LS203
            msleep(100);
        }
    }

private:
    QLocalSocket *m_way;
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLocalSocket way;
    QObject::connect(&way, &QLocalSocket::errorOccurred, &app, &QCoreApplication::quit);
    way.connectToServer("/run/post/way");
    Courier *courier = new Courier(&way);
    QObject::connect(courier, &QThread::finished, courier, &QObject::deleteLater);
    courier->start();
    return app.exec();
}
