#include <QLocalSocket>
#include <QSocketNotifier>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

class Signals : public QObject
{
public:
    bool begin()
    {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            return false;
        auto *notifier = new QSocketNotifier(ends[1], QSocketNotifier::Read, this);
        connect(notifier, &QSocketNotifier::activated, this, &Signals::take);
        return true;
    }

private:
    void take()
    {
        char number = 0;
        m_last += int(::read(ends[1], &number, 1)) * number;
        m_socket.setProperty("signal", m_last);
    }

    QLocalSocket m_socket;
    int m_last = 0;
};
