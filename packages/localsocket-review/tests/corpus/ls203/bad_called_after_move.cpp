#include <QLocalSocket>
#include <QThread>

class Link : public QObject
{
public:
    void open()
    {
        auto *socket = new QLocalSocket(this);
        connect(socket, &QLocalSocket::errorOccurred, socket, &QLocalSocket::abort);
        socket->connectToServer("clock");
    }
};

void start(QThread *thread, Link *link)
{
    link->moveToThread(thread);
    thread->start();
    link->open(); // expect: LS203
}
