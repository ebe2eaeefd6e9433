#include <QCoreApplication>
#include <QLocalServer>
#include <QLocalSocket>
#include <QObject>

class Bell : public QObject // expect: LS401
{
public:
    explicit Bell(QLocalServer *server) : QObject(server), m_server(server) {}

    Q_INVOKABLE void ring()
    {
        const auto clients = m_server->findChildren<QLocalSocket *>();
        for (QLocalSocket *client : clients)
            client->abort();
    }

private:
    QLocalServer *m_server;
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLocalServer server;
    Bell bell(&server);
    QMetaObject::invokeMethod(&bell, "ring", Qt::QueuedConnection);
    return app.exec();
}
