#include <QLocalSocket>
#include <QObject>

class Order : public QObject
{
    Q_OBJECT
public:
    explicit Order(QLocalSocket *line) : m_line(line)
    {
        connect(m_line, &QLocalSocket::readyRead, this, &Order::take);
    }
signals:
    void done();
private:
    void take()
    {
        while (m_line->bytesAvailable() > 0)
            m_words += m_line->readAll();
        if (m_words.size() < 1024)
            return;
        parse();
        emit done();
    }
    void parse() { m_first = m_words.split(' ').constFirst(); }
    QLocalSocket *m_line;
    QByteArray m_words;
    QByteArray m_first;
};
