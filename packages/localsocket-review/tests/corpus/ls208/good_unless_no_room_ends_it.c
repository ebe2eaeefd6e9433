/* A peer that sends more than there is room for is sent away. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void take(int fd, short events, char *line, size_t *count, size_t most)
{
    if (events & POLLIN) {
        if (*count < most) {
            ssize_t more = recv(fd, line + *count, most - *count, 0);
            if (more <= 0)
                close(fd);
            else
                *count += (size_t)more;
        } else {
            close(fd);
        }
    }
}
