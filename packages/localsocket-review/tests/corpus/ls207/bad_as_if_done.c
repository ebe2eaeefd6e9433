#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

int send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT); // expect: LS207
        if (sent < 0) {
            if (errno == EAGAIN)
                return 0;
            return -1;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int send_from_beginning(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL); // expect: LS207
        if (sent < 0)
            return -1;
        size -= (size_t)sent;
    }
    return 0;
}
