#include <QIODevice>
#include <QLocalSocket>

class Tap : public QIODevice
{
public:
    explicit Tap(QLocalSocket *under_test) : m_under_test(under_test) {}
    void count_bytes() { m_bytes_seen += m_under_test->bytesAvailable(); }
    void forget_bytes() { m_bytes_seen = 0; }
    qint64 readData(char *data, qint64 size) override { return m_under_test->read(data, qMin(size, m_bytes_seen)); }
    qint64 writeData(const char *data, qint64 size) override { return m_under_test->write(data, size); }

private:
    QLocalSocket *m_under_test;
    qint64 m_bytes_seen = 0;
};
