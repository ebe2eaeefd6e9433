#include <QLocalServer>
#include <QLocalSocket>

class Service : public QObject
{
    Q_OBJECT

public:
    explicit Service(QObject *parent = nullptr) : QObject(parent), m_server(new QLocalServer) {}
    ~Service() override { delete m_server; } // guard

    void open(const QString &name)
    {
        auto *socket = new QLocalSocket;
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater); // guard
        socket->connectToServer(name);
        auto *other = new QLocalSocket;
        connect(other, &QLocalSocket::disconnected, this, [other] { other->deleteLater(); }); // guard
        other->connectToServer(name);
    }

private:
    QLocalServer *m_server;
};
