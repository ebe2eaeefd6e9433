#include <QByteArray>
#include <QLocalServer>
#include <QObject>

class Room : public QObject
{
    Q_OBJECT

public:
    explicit Room(QObject *parent = nullptr) : QObject(parent), m_server(new QLocalServer(this))
    {
        m_server->setSocketOptions(QLocalServer::UserAccessOption);
        connect(m_server, &QLocalServer::newConnection, this, &Room::greetGuest);
    }

    void greetGuest() { m_greeted += m_clients; }
    void sendToAll(const QByteArray &text) { m_last = text; }
    void forgetAll() { m_last.clear(); }

private:
    QLocalServer *m_server;
    QByteArray m_last;
    int m_greeted = 0;
    int m_clients = 0;
};

void useRoom(Room &room)
{
    room.sendToAll("hello");
    room.forgetAll();
}
