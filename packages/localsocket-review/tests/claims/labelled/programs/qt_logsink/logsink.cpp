#include "logsink.h"

#include <QCoreApplication>
#include <QLocalSocket>
#include <QTextStream>
#include <QTimer>

FileSink::FileSink(const QString &path) : m_file(path)
{
    m_file.open(QIODevice::WriteOnly | QIODevice::Append);
}

void FileSink::put(const QString &line)
{
    m_file.write(line.toUtf8());
    m_file.write("\n");
}

void FileSink::flush()
{
    m_file.flush();
}

void CountingSink::put(const QString &line)
{
    if (!line.isEmpty())
        ++m_count;
}

LogServer::LogServer(QObject *parent) : QObject(parent)
{
    connect(&m_server, &QLocalServer::newConnection, this, &LogServer::onNewConnection);
}

LogServer::~LogServer()
{
    m_server.close();
    qDeleteAll(m_sinks);
}

bool LogServer::start(const QString &name, int backlog)
{
    m_server.setListenBacklogSize(backlog);
    if (m_server.listen(name))
        return true;
    if (m_server.serverError() == QAbstractSocket::AddressInUseError) {
        QLocalServer::removeServer(name);
        return m_server.listen(name);
    }
    return false;
}

void LogServer::addSink(Sink *sink)
{
    m_sinks.append(sink);
}

void LogServer::flushAll()
{
    for (Sink *sink : m_sinks)
        sink->flush();
}

void LogServer::onNewConnection()
{
    while (m_server.hasPendingConnections()) {
        QLocalSocket *socket = m_server.nextPendingConnection();
        socket->setReadBufferSize(65536);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] { drain(socket); });
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }
}

void LogServer::drain(QLocalSocket *socket)
{
    while (socket->canReadLine()) {
        const QString line = QString::fromUtf8(socket->readLine()).trimmed();
        for (Sink *sink : m_sinks)
            sink->put(line);
        ++m_lineCount;
        emit lineCountChanged();
    }
}

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    LogServer server;
    server.addSink(new FileSink("lines.log"));
    server.addSink(new CountingSink);
    if (!server.start("logsink"))
        return 1;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &server, &LogServer::flushAll);
    timer.start(5000);
    return app.exec();
}
