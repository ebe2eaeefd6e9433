#include <sys/socket.h>
#include <utility>

class Pair
{
public:
    bool open(bool nonblocking)
    {
        const int kind = SOCK_CLOEXEC | (nonblocking ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_STREAM);
        return ::socketpair(PF_LOCAL, kind, 0, m_ends) == 0;
    }

    int connection(int listener)
    {
        return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }

private:
    int m_ends[2] = {-1, -1};
};
