#include <sys/socket.h>

static int twice(int number) // expect: LS403
{
    return 2 * number;
}

int knock(int fd)
{
    return send(fd, "!", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}
