#include <QLocalSocket>
#include <QThread>

class Reader : public QThread
{
public:
    Reader() : m_socket(new QLocalSocket) {}
    ~Reader() override
    {
        wait();
        delete m_socket;
    }

protected:
    void run() override
    {
        QLocalSocket socket;
        socket.connectToServer("clock");
        if (!socket.waitForConnected(500))
            return;
    }

private:
    QLocalSocket *m_socket = nullptr;
};
