#include <sys/socket.h>
#include <poll.h>

int await_byte(int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};

    return poll(&watched, 1, 2000) == 1 ? 0 : -1;
}
