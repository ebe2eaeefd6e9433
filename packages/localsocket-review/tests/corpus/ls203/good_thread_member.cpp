#include <QLocalSocket>
#include <QThread>

class Reader : public QThread
{
    Q_OBJECT
public:
    explicit Reader(const QString &name);

protected:
    void run() override;

private:
    QString m_name;
};

Reader::Reader(const QString &name) : m_name(name) {}

void Reader::run()
{
    QLocalSocket socket;
    socket.connectToServer(m_name);
    exec();
}
