#include <sys/socket.h>

int knock(int fd)
{
    return send(fd, "!", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}
