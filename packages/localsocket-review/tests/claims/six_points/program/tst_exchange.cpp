#include "serverthread.h"
#include "socketfactory.h"

#include <QSignalSpy>
#include <QTest>
#include <QTimer>

class tst_Exchange : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void pingPong_data();
    void pingPong();
    void dataExchange_data();
    void dataExchange();
};

void tst_Exchange::initTestCase()
{
    QCoreApplication::setApplicationName("exchange");
}

void tst_Exchange::pingPong_data()
{
    QTest::addColumn<int>("connections");
    QTest::newRow("10") << 10;
    QTest::newRow("100") << 100;
}

void tst_Exchange::pingPong()
{
    QFETCH(int, connections);
    ServerThread server("exchange-pingpong");
    QSignalSpy ready(&server, &ServerThread::listening);
    server.start();
    QVERIFY(ready.wait());

    SocketFactory factory("exchange-pingpong", connections);
    QVERIFY(factory.connectAll());
    factory.startAll("p");
    QTRY_VERIFY(factory.received() >= 1000);
    factory.stop();
}

void tst_Exchange::dataExchange_data()
{
    QTest::addColumn<int>("connections");
    QTest::addColumn<int>("size");
    QTest::newRow("1 x 100") << 1 << 100;
    QTest::newRow("10 x 10000") << 10 << 10000;
}

void tst_Exchange::dataExchange()
{
    QFETCH(int, connections);
    QFETCH(int, size);
    ServerThread server("exchange-data");
    QSignalSpy ready(&server, &ServerThread::listening);
    server.start();
    QVERIFY(ready.wait());

    SocketFactory factory("exchange-data", connections);
    QVERIFY(factory.connectAll());
    QTimer::singleShot(5000, &factory, &SocketFactory::stop);
    factory.startAll(QByteArray(size, 'x'));
    QTest::qWait(5000);
    QVERIFY(factory.received() > 0);
}

QTEST_MAIN(tst_Exchange)
#include "tst_exchange.moc"
