#include <QLocalServer>
#include <QLocalSocket>
#include <QScopedPointer>
#include <memory>
#include <vector>

class Service
{
public:
    Service() : m_server(new QLocalServer), m_first(new QLocalSocket)
    {
        m_second.reset(new QLocalSocket);
        m_more.push_back(std::unique_ptr<QLocalSocket>(new QLocalSocket));
        m_more.emplace_back(new QLocalSocket);
        QScopedPointer<QLocalSocket> probe(new QLocalSocket);
        probe->connectToServer(m_server->serverName());
        m_first->abort();
    }

private:
    std::unique_ptr<QLocalServer> m_server;
    QScopedPointer<QLocalSocket> m_first;
    std::unique_ptr<QLocalSocket> m_second;
    std::vector<std::unique_ptr<QLocalSocket>> m_more;
};
