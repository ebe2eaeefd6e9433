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

    void greetGuest() { m_greeted += clients; }
    void sendToAll(const QByteArray &text) { m_last = text; }
    void forget_all() { m_last.clear(); } // expect: LS402

private:
    QLocalServer *m_server;
    QByteArray m_last;
    int m_greeted = 0;
    int clients = 0; // expect: LS402
};

void useRoom(Room &room)
{
    room.sendToAll("hello");
    room.forget_all();
}
