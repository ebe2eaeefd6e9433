#include <QLocalSocket>
#include <QObject>

class Watcher : public QObject
{
    Q_OBJECT

public:
    explicit Watcher(QLocalSocket *socket)
    {
        connect(socket, &QLocalSocket::connected, this, &Watcher::ready);
        connect(socket, &QLocalSocket::disconnected, this, &Watcher::onClosed);
        connect(socket, &QLocalSocket::errorOccurred, this, &Watcher::failed);
    }

signals:
    void ready();
    void onClosed(); // expect: LS402
    void failed();
};
