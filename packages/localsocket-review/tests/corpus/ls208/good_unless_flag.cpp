#include <QLocalSocket>
#include <QThread>

class Reader : public QThread
{
    Q_OBJECT
public:
    explicit Reader(const QString &name, QObject *parent = nullptr) : QThread(parent), m_name(name) {}

protected:
    void run() override
    {
        QLocalSocket socket;
        socket.connectToServer(m_name);
        if (!socket.waitForConnected(1000))
            return;
        while (!isInterruptionRequested() && socket.state() == QLocalSocket::ConnectedState) {
            if (socket.waitForReadyRead(200))
                emit received(socket.readAll());
        }
    }

signals:
    void received(const QByteArray &data);

private:
    QString m_name;
};
