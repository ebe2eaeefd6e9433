#include <QLocalSocket>

class Plain
{
public:
    int size() const { return 1; }
};

class Wider : public Plain
{
public:
    explicit Wider(QLocalSocket *socket) : m_socket(socket) {}
    int size() const { return m_socket->isOpen() ? 2 : 1; }
    bool event(int number) const { return number == size(); }

private:
    QLocalSocket *m_socket;
};
