#include <QLocalSocket>
#include <signal.h>

static void stop(int number)
{
    _exit(0);
}

class Shape
{
public:
    virtual ~Shape() = default;
    virtual int size(int level) const { return 1; }
};

class Session : public QObject
{
    Q_OBJECT

public slots:
    void failed(QLocalSocket::LocalSocketError error) { deleteLater(); }

public:
    explicit Session(QLocalSocket *socket)
    {
        signal(SIGTERM, stop); // guard
        connect(socket, &QLocalSocket::errorOccurred, this, &Session::failed);
    }
};
