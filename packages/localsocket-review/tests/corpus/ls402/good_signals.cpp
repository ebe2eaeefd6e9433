#include <QLocalSocket>
#include <QObject>

class Watcher : public QObject
{
    Q_OBJECT

public:
    explicit Watcher(QLocalSocket *socket)
    {
        connect(socket, &QLocalSocket::connected, this, &Watcher::ready);
        connect(socket, &QLocalSocket::disconnected, this, &Watcher::closed);
        connect(socket, &QLocalSocket::errorOccurred, this, &Watcher::failed);
    }

signals:
    void ready();
    void closed();
    void failed();
};
