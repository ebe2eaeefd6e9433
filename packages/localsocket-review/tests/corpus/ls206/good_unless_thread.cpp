#include <QLocalSocket>
#include <QObject>
#include <QThread>

class Worker : public QObject
{
    Q_OBJECT
public slots:
    void ask()
    {
        QLocalSocket socket;
        socket.connectToServer("oracle");
        if (socket.waitForConnected(1000) && socket.waitForReadyRead(1000))
            emit answered(socket.readAll());
    }

signals:
    void answered(const QByteArray &answer);
};

void start(QThread *thread)
{
    auto *worker = new Worker;
    worker->moveToThread(thread); // guard
    QObject::connect(thread, &QThread::started, worker, &Worker::ask);
    QObject::connect(thread, &QThread::finished, worker, &QObject::deleteLater);
}
