// Relays lines from local clients to the main thread.
#include <QCoreApplication>
#include <QDebug>
#include <QLocalServer>
#include <QLocalSocket>
#include <QMutex>
#include <QMutexLocker>
#include <QThread>
#include <QTimer>

class RelayThread : public QThread
{
    Q_OBJECT

public:
    RelayThread(const QString &name, QObject *parent = nullptr)
        : QThread(parent), m_name(name)
    {
    }

    ~RelayThread() override
    {
        quit();
        wait();
    }

    int lineCount() const
    {
        QMutexLocker locker(&m_mutex);
        return m_lines;
    }

signals:
    void lineReceived(const QByteArray &line);
    void failed(const QString &reason);

protected:
    void run() override
    {
        QLocalServer server;
        server.setSocketOptions(QLocalServer::GroupAccessOption);
        QLocalServer::removeServer(m_name);
        if (!server.listen(m_name)) {
            emit failed(server.errorString());
            return;
        }
        connect(&server, &QLocalServer::newConnection, &server, [this, &server] {
            while (QLocalSocket *socket = server.nextPendingConnection()) {
                connect(socket, &QLocalSocket::readyRead, socket, [this, socket] {
                    readLines(socket);
                });
                connect(socket, &QLocalSocket::disconnected,
                        socket, &QLocalSocket::deleteLater);
            }
        });
        exec();
        server.close();
    }

private:
    void readLines(QLocalSocket *socket)
    {
        while (socket->canReadLine()) {
            const QByteArray line = socket->readLine(256);
            {
                QMutexLocker locker(&m_mutex);
                ++m_lines;
            }
            emit lineReceived(line.trimmed());
            socket->write("ack\n");
        }
    }

    const QString m_name;
    mutable QMutex m_mutex;
    int m_lines = 0;
    int m_dropped = 0;
};

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    RelayThread relay(QStringLiteral("relay"));
    QObject::connect(&relay, &RelayThread::lineReceived, &app, [](const QByteArray &line) {
        qDebug() << line;
    });
    QObject::connect(&relay, &RelayThread::failed, &app, [&app](const QString &reason) {
        qWarning() << "relay failed:" << reason;
        app.exit(1);
    });
    QTimer::singleShot(60000, &app, &QCoreApplication::quit);
    relay.start();
    return app.exec();
}

#include "relay.moc"
