#include <QLocalSocket>
#include <QThread>

class Watch : public QThread
{
protected:
    void run() override
    {
        QLocalSocket socket;
        socket.connectToServer("watch");
        if (socket.waitForConnected(200))
            socket.disconnectFromServer();
    }
};
