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
        m_line += m_socket->readAll();
        const QString text = QString::fromUtf8(m_line).trimmed();
        QProcess::startDetached("notify", {text});
        QSqlQuery query;
        query.prepare("SELECT * FROM t WHERE name=?");
        query.addBindValue(text);
        m_line.clear();
    }

private:
    QLocalSocket *m_socket;
    QByteArray m_line;
};
