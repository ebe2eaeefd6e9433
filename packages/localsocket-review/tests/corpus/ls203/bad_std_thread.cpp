#include <QLocalServer>
#include <QLocalSocket>
#include <thread>

class Hub : public QObject
{
    Q_OBJECT
public:
    void accepted()
    {
        QLocalSocket *client = m_server.nextPendingConnection(); // expect: LS202
        m_worker = std::thread([client] { client->write("hello"); }); // expect: LS203
    }

private:
    QLocalServer m_server;
    std::thread m_worker;
};
