#include <QList>
#include <QLocalSocket>

class Hub : public QObject
{
    Q_OBJECT
public slots:
    void tell(const QByteArray &line)
    {
        for (QLocalSocket *client : m_clients)
            client->write(line); // expect: LS301
    }

    void tellAll(const QByteArray &line)
    {
        for (auto *client : std::as_const(m_clients)) {
            if (client->isOpen())
                client->write(line); // expect: LS301
        }
    }

private:
    QList<QLocalSocket *> m_clients;
};
