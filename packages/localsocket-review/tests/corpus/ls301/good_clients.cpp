#include <QList>
#include <QLocalSocket>

class Hub : public QObject
{
    Q_OBJECT
public slots:
    void tell(const QByteArray &line)
    {
        for (QLocalSocket *client : m_clients) {
            if (client->bytesToWrite() < 65536)
                client->write(line);
        }
    }

    void tellAll(const QByteArray &line)
    {
        for (auto *client : std::as_const(m_clients)) {
            if (client->bytesToWrite() < 65536)
                client->write(line);
        }
    }

private:
    QList<QLocalSocket *> m_clients;
};
