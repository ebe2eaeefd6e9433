#include <QLocalSocket>
#include <QObject>
#include <QThread>

class Clerk : public QObject
{
    Q_OBJECT
public:
    explicit Clerk(QLocalSocket *line) : m_line(line) {}
public slots:
    void tell(const QByteArray &words) { m_line->write(words); } // expect: LS203
    void ask() { m_line->flush(); }
private:
    QLocalSocket *m_line;
};

void employ(QObject *shop)
{
    auto *line = new QLocalSocket(shop);
    line->connectToServer("/run/user/1000/kiosk/line");
    auto *clerk = new Clerk(line);
    auto *thread = new QThread(shop);
    clerk->moveToThread(thread);
    QObject::connect(thread, &QThread::finished, clerk, &QObject::deleteLater);
    thread->start();
    QMetaObject::invokeMethod(clerk, "tell", Q_ARG(QByteArray, "hello\n"));
    QMetaObject::invokeMethod(clerk, &Clerk::ask);
}
