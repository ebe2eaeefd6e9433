#include <sys/socket.h>

ssize_t send_what_goes(int fd, const char *data, size_t size)
{
    ssize_t all = 0;
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        all += sent;
        data += sent;
        size -= (size_t)sent;
    }
    return all;
}
