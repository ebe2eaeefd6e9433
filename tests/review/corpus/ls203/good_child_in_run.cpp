#include <QLocalServer>
#include <QThread>

class Listener : public QThread
{
    Q_OBJECT
public:
    void run() override
    {
        QLocalServer server;
        if (server.listen("listener"))
            exec();
    }
};
