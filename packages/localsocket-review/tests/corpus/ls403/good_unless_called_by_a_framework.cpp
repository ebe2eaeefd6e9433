#include <QLocalServer>
#include <QThread>

class Server : public QLocalServer
{
    Q_OBJECT

protected:
    void incomingConnection(quintptr descriptor) override { emit arrived(descriptor); }

private:
    bool event(QEvent *event) override { return QLocalServer::event(event); }
    void timerEvent(QTimerEvent *event) override { Q_UNUSED(event) }
    virtual void hook(int level) {}

signals:
    void arrived(quintptr descriptor);
};

class Worker : public QThread
{
private:
    void run() override { exec(); }
};

template <typename T>
static T doubled(T value)
{
    return value + value;
}

static bool operator==(const Server &one, const Server &other)
{
    return &one == &other;
}

int main()
{
    return Worker().isRunning();
}
