#include "signals.h"

#include <cstdlib>
#include <sys/socket.h>

Signals::Signals()
{
    const int kind = SOCK_STREAM | SOCK_CLOEXEC;
    if (socketpair(AF_UNIX, kind, 0, m_hang_up) != 0)
        std::abort();
    if (socketpair(AF_UNIX, kind, 0, m_end) != 0)
        std::abort();
}
