#include <QLocalSocket>
#include <QThread>

class Worker : public QObject
{
    Q_OBJECT
public:
    void start()
    {
        m_socket = new QLocalSocket(this);
        m_socket->connectToServer("worker");
    }

private:
    QLocalSocket *m_socket = nullptr;
};

void begin(QThread *thread)
{
    auto *worker = new Worker;
    worker->moveToThread(thread);
    QObject::connect(thread, &QThread::started, worker, &Worker::start);
    QObject::connect(thread, &QThread::finished, worker, &QObject::deleteLater);
    thread->start();
}
