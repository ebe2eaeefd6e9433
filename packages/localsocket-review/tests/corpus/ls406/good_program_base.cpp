#include <QLocalSocket>

class Source
{
public:
    virtual ~Source() = default;
    virtual QByteArray next(int limit) = 0;
};

class SocketSource : public Source
{
public:
    explicit SocketSource(QLocalSocket *socket) : m_socket(socket) {}
    QByteArray next(int limit) override { return m_socket->peek(qMin(limit, m_limit)); }

private:
    QLocalSocket *m_socket;
    int m_limit = 4096;
};
