#include <QLocalServer>
#include <memory>

class Control : public QObject
{
    Q_OBJECT
public:
    Control() { m_server->setSocketOptions(QLocalServer::UserAccessOption); } // guard
    bool start();

private:
    std::unique_ptr<QLocalServer> m_server = std::make_unique<QLocalServer>();
};

bool Control::start()
{
    return m_server->listen(QStringLiteral("control"));
}
