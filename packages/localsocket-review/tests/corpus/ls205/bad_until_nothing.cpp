#include <QLocalSocket>
#include <QObject>

class Order : public QObject
{
    Q_OBJECT
public:
    explicit Order(QLocalSocket *line) : m_line(line), m_words(1024, ' ')
    {
        connect(m_line, &QLocalSocket::readyRead, this, &Order::take);
    }
signals:
    void done();
private:
    void take()
    {
        qint64 count = 0;
        do {
            count = m_line->read(m_words.data(), m_words.size()); // expect: LS205, LS207
        } while (count > 0);
        parse();
        emit done();
    }
    void parse() { m_first = m_words.split(' ').constFirst(); }
    QLocalSocket *m_line;
    QByteArray m_words;
    QByteArray m_first;
};
