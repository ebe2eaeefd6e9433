#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t receive(int fd, char *buffer, size_t size)
{
    struct pollfd watched = {fd, POLLIN, 0};
    for (;;) {
        ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT);
        if (count >= 0 || errno != EAGAIN)
            return count;
        if (poll(&watched, 1, 5000) <= 0)
            return -1;
    }
}
