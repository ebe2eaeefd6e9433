#include <QLocalServer>
#include <QLocalSocket>
#include <QTimer>
#include <memory>

class Window : public QObject
{
    Q_OBJECT
public:
    Window()
    {
        auto *timer = new QTimer(this);
        connect(timer, &QTimer::timeout, [this] { tick(); });
        connect(&m_socket, &QLocalSocket::connected, [this] { tick(); });
        connect(m_server.get(), &QLocalServer::newConnection, [this] { tick(); });
        connect(&m_socket, &QLocalSocket::errorOccurred, this, &Window::tick);
        connect(&m_socket, &QLocalSocket::disconnected, this, &Window::tick);
    }

    void ask(const QString &name)
    {
        int answers = 0;
        QLocalSocket asked;
        connect(&asked, &QLocalSocket::disconnected, [&] { answers++; });
        connect(&asked, &QLocalSocket::errorOccurred, this, &Window::tick);
        asked.connectToServer(name);
    }

    void tick();

private:
    QLocalSocket m_socket;
    std::unique_ptr<QLocalServer> m_server;
};
