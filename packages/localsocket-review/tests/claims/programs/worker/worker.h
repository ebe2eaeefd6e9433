#pragma once

#include <QLocalServer>
#include <QLocalSocket>
#include <QMutex>
#include <QThread>

class Worker : public QThread
{
    Q_OBJECT
public:
    explicit Worker(QObject *parent = nullptr);
    void stop();
    void enqueue(const QByteArray &job);

signals:
    void finishedJob(int id);

protected:
    void run() override;

private:
    QLocalSocket *m_socket;
    QList<QByteArray> m_jobs;
    QMutex m_mutex;
    bool m_stop = false;
};

class Dispatcher : public QObject
{
    Q_OBJECT
public:
    explicit Dispatcher(QObject *parent = nullptr);
    void listen();

private slots:
    void accept();

private:
    QLocalServer m_server;
    QList<Worker *> m_workers;
    int m_next = 0;
};
