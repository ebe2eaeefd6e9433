#include <QLocalSocket>

class Echo : public QObject
{
    Q_OBJECT
public:
    explicit Echo(QLocalSocket *socket, const QByteArray &greeting) : QObject(socket)
    {
        connect(socket, &QLocalSocket::readyRead, [socket] { socket->write(socket->readAll()); });
        connect(socket, &QLocalSocket::connected, [socket, greeting] { socket->write(greeting); });
        connect(socket, &QLocalSocket::disconnected, this, &Echo::stop, Qt::DirectConnection);
        connect(this, &Echo::stopped, [this] { m_isRunning = false; });
    }

    bool isRunning() const { return m_isRunning; }

public slots:
    void stop() { emit stopped(); }

signals:
    void stopped();

private:
    bool m_isRunning = true;
};
