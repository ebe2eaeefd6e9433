// Local-socket benchmark: many round trips, and raw throughput.
#include <QtTest/QTest>
#include <QtCore/QElapsedTimer>
#include <QtCore/QEventLoop>
#include <QtCore/QSemaphore>
#include <QtCore/QThread>
#include <QtCore/QTimer>
#include <QtNetwork/QLocalServer>
#include <QtNetwork/QLocalSocket>

static constexpr int totalRoundTrips = 20000;
static constexpr int exchangeMs = 2000;
static bool stopSending = false;

class ServerThread : public QThread
{
    Q_OBJECT

public:
    explicit ServerThread(QObject *parent = nullptr) : QThread(parent) {}

    ~ServerThread() override
    {
        quit();
        wait();
    }

    void waitUntilListening() { m_listening.acquire(); }

protected:
    void run() override
    {
        QLocalServer server;
        connect(&server, &QLocalServer::newConnection, &server, [&server] {
            QLocalSocket *socket = server.nextPendingConnection();
            if (!socket)
                return;
            connect(socket, &QLocalSocket::readyRead, socket, [socket] {
                QByteArray data(socket->bytesAvailable(), Qt::Uninitialized);
                const qint64 got = socket->read(data.data(), data.size());
                socket->write(data.constData(), got);
            });
        });
        if (!server.listen("foo"))
            qFatal("cannot listen: %s", qPrintable(server.errorString()));
        m_listening.release();
        exec();
    }

private:
    QSemaphore m_listening;
};

class SocketFactory : public QObject
{
    Q_OBJECT

public:
    SocketFactory(int connections, int bytes, QObject *parent = nullptr)
        : QObject(parent), m_chunk(bytes, 'x')
    {
        for (int i = 0; i < connections; ++i) {
            auto *socket = new QLocalSocket(this);
            socket->connectToServer("foo");
            if (!socket->waitForConnected(3000))
                qFatal("no connection for channel %d", i);
            connect(socket, &QLocalSocket::readyRead, this, [this, i, socket] {
                const QByteArray reply = socket->readAll();
                emit received(i, reply.size());
                if (!stopSending)
                    socket->write(reply);
            });
            connect(this, &SocketFactory::start, socket, [this, socket] {
                socket->write(m_chunk);
            });
        }
    }

signals:
    void start();
    void received(int channel, qsizetype bytes);

private:
    const QByteArray m_chunk;
};

class tst_Bench : public QObject
{
    Q_OBJECT

private slots:
    void pingPong_data();
    void pingPong();
    void dataExchange_data();
    void dataExchange();
};

void tst_Bench::pingPong_data()
{
    QTest::addColumn<int>("connections");
    for (int count : {10, 50, 100})
        QTest::addRow("connections: %d", count) << count;
}

void tst_Bench::pingPong()
{
    QFETCH(int, connections);
    ServerThread thread;
    thread.start();
    thread.waitUntilListening();
    stopSending = false;
    SocketFactory factory(connections, 1);
    const int perChannel = totalRoundTrips / connections;
    QList<int> done(connections, 0);
    int finished = 0;
    QEventLoop loop;
    connect(&factory, &SocketFactory::received, &loop, [&](int channel) {
        if (++done[channel] == perChannel && ++finished == connections) {
            stopSending = true;
            loop.quit();
        }
    });
    QTimer::singleShot(60000, &loop, &QEventLoop::quit);
    QElapsedTimer clock;
    clock.start();
    emit factory.start();
    loop.exec();
    QCOMPARE(finished, connections);
    qDebug("%d connections: %.1f s", connections, clock.elapsed() / 1000.0);
}

void tst_Bench::dataExchange_data()
{
    QTest::addColumn<int>("connections");
    QTest::addColumn<int>("bytes");
    QTest::newRow("1 x 100") << 1 << 100;
    QTest::newRow("1 x 10000") << 1 << 10000;
    QTest::newRow("10 x 100") << 10 << 100;
    QTest::newRow("10 x 10000") << 10 << 10000;
}

void tst_Bench::dataExchange()
{
    QFETCH(int, connections);
    QFETCH(int, bytes);
    ServerThread thread;
    thread.start();
    thread.waitUntilListening();
    stopSending = false;
    SocketFactory factory(connections, bytes);
    qint64 total = 0;
    connect(&factory, &SocketFactory::received, this, [&total](int, qsizetype size) {
        total += size;
    });
    emit factory.start();
    QTest::qWait(exchangeMs);
    stopSending = true;
    QVERIFY(total > 0);
    qDebug("%.1f MiB/s", total / (1024.0 * 1024.0) / (exchangeMs / 1000.0));
}

QTEST_MAIN(tst_Bench)
#include "tst_bench.moc"
