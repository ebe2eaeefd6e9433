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
    QLocalSocket *m_socket;
};

Reader::Reader(const QString &name) : m_name(name), m_socket(new QLocalSocket(this)) {}

void Reader::run()
{
    m_socket->connectToServer(m_name); // expect: LS203
    exec();
}
