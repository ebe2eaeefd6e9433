#include <QLocalServer>
#include <QLocalSocket>
#include <thread>

class Hub : public QObject
{
    Q_OBJECT
public:
    void accepted()
    {
        QLocalSocket *client = m_server.nextPendingConnection();
        m_worker = std::thread([client] {
            const QByteArray text = "hello";
            QMetaObject::invokeMethod(client, [client, text] { client->write(text); });
        });
    }

private:
    QLocalServer m_server;
    std::thread m_worker;
};
