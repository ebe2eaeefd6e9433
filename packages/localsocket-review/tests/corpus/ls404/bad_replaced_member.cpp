#include <QLocalSocket>
#include <QObject>

class Phone : public QObject
{
    Q_OBJECT
public:
    void dial(const QString &name)
    {
        m_line = new QLocalSocket; // expect: LS404
        connect(m_line, &QLocalSocket::errorOccurred, this, &Phone::failed);
        m_line->connectToServer(name);
    }

signals:
    void failed();

private:
    QLocalSocket *m_line = nullptr;
};
