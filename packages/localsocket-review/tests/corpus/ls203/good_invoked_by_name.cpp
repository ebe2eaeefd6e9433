#include <QLocalSocket>
#include <QObject>
#include <QThread>

class Clerk : public QObject
{
    Q_OBJECT
public:
    Clerk() : m_line(new QLocalSocket(this)) {}
public slots:
    void tell(const QByteArray &words) { m_line->write(words); }
    void ask() { m_line->flush(); }
private:
    QLocalSocket *m_line;
};

void employ(QObject *shop)
{
    auto *clerk = new Clerk;
    auto *thread = new QThread(shop);
    clerk->moveToThread(thread);
    QObject::connect(thread, &QThread::finished, clerk, &QObject::deleteLater);
    thread->start();
    QMetaObject::invokeMethod(clerk, "tell", Q_ARG(QByteArray, "hello\n"));
    QMetaObject::invokeMethod(clerk, &Clerk::ask);
}
