#include <QLabel>
#include <QLocalServer>

class Lamp : public QLabel
{
public:
    explicit Lamp(QLocalServer &server) : m_server(server)
    {
        connect(&m_server, &QLocalServer::newConnection, this, [this] { setText("on"); });
        setEnabled(m_server.isListening());
    }

private:
    QLocalServer &m_server;
};
