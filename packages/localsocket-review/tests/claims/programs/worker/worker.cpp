#include "worker.h"

Worker::Worker(QObject *parent)
    : QThread(parent)
{
    m_socket = new QLocalSocket(this);
}

void Worker::stop()
{
    m_stop = true;
}

void Worker::enqueue(const QByteArray &job)
{
    QMutexLocker locker(&m_mutex);
    m_jobs.append(job);
}

void Worker::run()
{
    m_socket->connectToServer("dispatcher-results");
    if (!m_socket->waitForConnected())
        return;
    int id = 0;
    while (!m_stop) {
        QByteArray job;
        {
            QMutexLocker locker(&m_mutex);
            if (!m_jobs.isEmpty())
                job = m_jobs.takeFirst();
        }
        if (job.isEmpty()) {
            msleep(10);
            continue;
        }
        m_socket->write(job);
        m_socket->waitForBytesWritten(1000);
        emit finishedJob(++id);
    }
    m_socket->disconnectFromServer();
}

Dispatcher::Dispatcher(QObject *parent)
    : QObject(parent)
{
    connect(&m_server, &QLocalServer::newConnection, this, &Dispatcher::accept);
    for (int i = 0; i < 4; ++i) {
        Worker *worker = new Worker(this);
        m_workers.append(worker);
        worker->start();
    }
}

void Dispatcher::listen()
{
    QLocalServer::removeServer("dispatcher");
    m_server.setSocketOptions(QLocalServer::WorldAccessOption);
    m_server.listen("dispatcher");
}

void Dispatcher::accept()
{
    QLocalSocket *socket = m_server.nextPendingConnection();
    connect(socket, &QLocalSocket::readyRead, this, [this, socket]() {
        m_workers[m_next++ % m_workers.size()]->enqueue(socket->readAll());
    });
}

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    Dispatcher dispatcher;
    dispatcher.listen();
    return app.exec();
}
