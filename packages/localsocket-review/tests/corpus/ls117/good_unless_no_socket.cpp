// A look-up that is over is deleted in its slot: a hazard, but none of a socket's.
#include <QDnsLookup>
#include <QObject>

class LampFinder : public QObject
{
    Q_OBJECT
public:
    void find(const QString &name)
    {
        m_lookup = new QDnsLookup(QDnsLookup::SRV, name);
        connect(m_lookup, &QDnsLookup::finished, this, &LampFinder::found);
        m_lookup->lookup();
    }

private slots:
    void found()
    {
        QDnsLookup *over = qobject_cast<QDnsLookup *>(sender());
        m_hosts = over->serviceRecords().count();
        delete over;
    }

private:
    QDnsLookup *m_lookup = nullptr;
    int m_hosts = 0;
};
