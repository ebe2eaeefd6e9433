#include <QThread>

class Worker : public QObject
{
    Q_OBJECT
signals:
    void received(const QByteArray &data);
};

class Owner : public QObject
{
    Q_OBJECT
public:
    explicit Owner(Worker *worker, QThread *thread) : QObject(thread)
    {
        worker->moveToThread(thread);
        connect(worker, SIGNAL(received(QByteArray)), this, SLOT(add(QByteArray)), Qt::QueuedConnection);
    }

public slots:
    void add(const QByteArray &data) { m_count += data.size(); }

private:
    qsizetype m_count = 0;
};
