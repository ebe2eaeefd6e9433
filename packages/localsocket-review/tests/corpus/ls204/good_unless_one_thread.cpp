#include <QLocalSocket>

class Lamp : public QObject
{
public:
    explicit Lamp(QLocalSocket *socket)
    {
        connect(socket, &QLocalSocket::connected, this, &Lamp::light, Qt::DirectConnection);
        connect(socket, &QLocalSocket::errorOccurred, this, &Lamp::light, Qt::DirectConnection);
    }

private:
    void light() { m_count++; }

    int m_count = 0;
};
