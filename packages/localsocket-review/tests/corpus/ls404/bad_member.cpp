#include <QLocalServer>

class Service : public QObject
{
    Q_OBJECT

public:
    explicit Service(QObject *parent = nullptr) : QObject(parent)
    {
        m_server = new QLocalServer; // expect: LS404
        m_server->setSocketOptions(QLocalServer::UserAccessOption);
        connect(m_server, &QLocalServer::newConnection, this, &Service::count);
    }

private:
    void count() { ++m_count; }
    QLocalServer *m_server = nullptr;
    int m_count = 0;
};
