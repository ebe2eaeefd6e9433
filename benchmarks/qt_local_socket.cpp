// The same benchmark on QLocalServer and QLocalSocket, with Qt's defaults.
#include "closed_loop.h"

#include <QCoreApplication>
#include <QEventLoop>
#include <QLocalServer>
#include <QLocalSocket>
#include <QSocketNotifier>
#include <QTimer>

#include <clocale>
#include <memory>
#include <vector>

// Qt's own benchmark leaves the sending to the event loop, which is not the most Qt can do.
#ifndef FLUSH_EACH_WRITE
#define FLUSH_EACH_WRITE false
#endif

namespace {

struct Client {
    QLocalSocket socket;
    progress place = {};
};

// A QByteArray and not a pointer: Qt queues a large one without copying it.
void send(QLocalSocket &socket, const QByteArray &bytes)
{
    socket.write(bytes);
    if (FLUSH_EACH_WRITE)
        socket.flush();
}

QByteArray piece_at(const run &run, uint64_t position, qsizetype length)
{
    const auto *bytes = reinterpret_cast<const char *>(stream_at(&run, position));
    return QByteArray::fromRawData(bytes, length);
}

void serve(const char *path, int ready_fd, int quit_fd)
{
    QEventLoop loop;
    QLocalServer server;
    QObject::connect(&server, &QLocalServer::newConnection, &server, [&server] {
        QLocalSocket *socket = server.nextPendingConnection();
        QObject::connect(socket, &QLocalSocket::readyRead, socket,
                         [socket] { send(*socket, socket->readAll()); });
    });
    if (!server.listen(QString::fromLocal8Bit(path)))
        fail(qPrintable(server.errorString()));
    QSocketNotifier quit(quit_fd, QSocketNotifier::Read);
    QObject::connect(&quit, &QSocketNotifier::activated, &loop, &QEventLoop::quit);
    tell_ready(ready_fd);
    loop.exec();
}

void bounce(run &run, Client &client)
{
    if (is_finished(&run))
        return;
    const QByteArray received = client.socket.readAll();
    const uint64_t next = client.place.received + run.options.chunk_bytes;
    take_received(&run, &client.place, received.constData(), received.size());
    if (is_finished(&run))
        QCoreApplication::quit();
    else
        send(client.socket, piece_at(run, next, received.size()));
}

void connect_client(run &run, Client &client, const char *path)
{
    client.socket.connectToServer(QString::fromLocal8Bit(path));
    if (!client.socket.waitForConnected())
        fail(qPrintable(client.socket.errorString()));
    QObject::connect(&client.socket, &QLocalSocket::readyRead, &client.socket,
                     [&run, &client] { bounce(run, client); });
    QObject::connect(&client.socket, &QLocalSocket::errorOccurred, &client.socket,
                     [&client] { fail(qPrintable(client.socket.errorString())); });
}

void drive(run *run, const char *path)
{
    std::vector<std::unique_ptr<Client>> clients(run->options.connections);
    for (auto &client : clients) {
        client = std::make_unique<Client>();
        connect_client(*run, *client, path);
    }
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&timer, &QTimer::timeout, &timer, [run] {
        finish_run(run);
        QCoreApplication::quit();
    });
    begin_run(run);
    if (!run->options.is_pingpong)
        timer.start(qRound(run->options.seconds * 1000));
    for (auto &client : clients) {
        begin_stream(&client->place);
        send(client->socket, piece_at(*run, 0, run->options.chunk_bytes));
    }
    QCoreApplication::exec();
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    // QCoreApplication takes over the user's locale, and JSON knows no decimal comma.
    setlocale(LC_NUMERIC, "C");
    return run_benchmark(argc, argv, serve, drive);
}
