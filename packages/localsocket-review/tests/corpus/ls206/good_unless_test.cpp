#include <QLocalSocket>
#include <QTest>

class TestSocket : public QObject
{
    Q_OBJECT
private slots:
    void connects()
    {
        QLocalSocket socket;
        socket.connectToServer("oracle");
        QVERIFY(socket.waitForConnected(1000));
    }
};

QTEST_MAIN(TestSocket)
