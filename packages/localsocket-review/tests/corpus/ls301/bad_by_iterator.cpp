#include <QHash>
#include <QLocalSocket>

class Ticker : public QObject
{
public:
    void tell(const QByteArray &line)
    {
        for (auto at = m_guests.cbegin(); at != m_guests.cend(); ++at) {
            QLocalSocket *guest = at.value();
            guest->write(line); // expect: LS301
        }
    }

    void add(int number, QLocalSocket *guest) { m_guests.insert(number, guest); }

private:
    QHash<int, QLocalSocket *> m_guests;
};
