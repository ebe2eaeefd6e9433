#include <QLocalServer>
#include <QLocalSocket>
#include <QtTest>

class TestExchange : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void pingPong_data();
    void pingPong();
    void cleanup();

private:
    QLocalServer *m_server = nullptr;
};

void TestExchange::initTestCase()
{
    m_server = new QLocalServer(this);
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    QVERIFY(m_server->listen("sample"));
}

void TestExchange::pingPong_data()
{
    QTest::addColumn<int>("connections");
    QTest::newRow("1") << 1;
}

void TestExchange::pingPong()
{
    QFETCH(int, connections);
    QLocalSocket socket;
    socket.connectToServer(m_server->serverName());
    QTRY_VERIFY(socket.isValid() && connections > 0);
}

void TestExchange::cleanup()
{
    m_server->close();
}

QTEST_MAIN(TestExchange)
