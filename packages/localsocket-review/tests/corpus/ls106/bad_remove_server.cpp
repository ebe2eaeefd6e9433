#include <QLocalServer>

class Instance : public QLocalServer
{
    Q_OBJECT
public:
    explicit Instance(const QString &name, QObject *parent = nullptr);

private:
    void clearStale() { removeServer(m_name); } // expect: LS106

    QString m_name;
};

Instance::Instance(const QString &name, QObject *parent) : QLocalServer(parent), m_name(name)
{
    clearStale();
    if (!listen(m_name)) // expect: LS102
        qWarning("cannot listen");
}
