#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

int send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EAGAIN)
                return 1;
            return -1;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int send_all_of(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        data = &data[sent];
        size -= (size_t)sent;
    }
    return 0;
}
