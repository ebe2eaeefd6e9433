#include <QLocalSocket>
#include <QObject>

class Lamp : public QObject
{
    Q_OBJECT
    Q_PROPERTY(bool lit READ isLit NOTIFY litChanged)
public:
    explicit Lamp(QLocalSocket *socket) : QObject(socket)
    {
        connect(socket, &QLocalSocket::connected, this, [this] { setLit(true); });
        connect(socket, &QLocalSocket::disconnected, this, [this] { setLit(false); });
    }

    bool isLit() const { return m_lit; }

Q_SIGNALS:
    void litChanged(bool lit);

private:
    void setLit(bool lit)
    {
        m_lit = lit;
        Q_EMIT litChanged(lit);
    }

    bool m_lit = false;
};
