#include <QLocalSocket>
#include <QProcess>
#include <QSqlQuery>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket) : m_socket(socket) {}

    void onReadyRead()
    {
        m_line += m_socket->readAll(); // expect: LS301
        const QString text = QString::fromUtf8(m_line).trimmed();
        QProcess::startDetached(QString("notify %1").arg(text)); // expect: LS109
        QSqlQuery query;
        query.exec("SELECT * FROM t WHERE name='" + text + "'"); // expect: LS109
    }

private:
    QLocalSocket *m_socket;
    QByteArray m_line;
};
