#include <QLocalServer>
#include <QThread>

class Listener : public QThread
{
    Q_OBJECT
public:
    Listener() { moveToThread(this); } // expect: LS203

    void run() override
    {
        QLocalServer *server = new QLocalServer(this); // expect: LS203
        if (server->listen("listener")) // expect: LS102
            exec();
    }
};
