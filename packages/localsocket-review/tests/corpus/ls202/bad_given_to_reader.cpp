#include <QDebug>
#include <QLocalServer>
#include <QLocalSocket>

class Log : public QObject
{
public:
    explicit Log(QLocalServer *server) : QObject(server), m_server(server)
    {
        connect(server, &QLocalServer::newConnection, this, &Log::add);
    }

private:
    void add()
    {
        while (QLocalSocket *writer = m_server->nextPendingConnection()) { // expect: LS202
            connect(writer, &QLocalSocket::readyRead, this, [this, writer] { note(writer); });
            connect(writer, &QLocalSocket::errorOccurred, writer, &QLocalSocket::abort);
        }
    }
    void note(QLocalSocket *writer)
    {
        while (writer->canReadLine())
            qDebug() << writer->readLine(200);
    }

    QLocalServer *m_server = nullptr;
};
