#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
    char line[512];
    size_t count;
};

void on_events(int fd, short events, struct guest *guest)
{
    if ((events & POLLIN) && guest->count < sizeof guest->line) {
        ssize_t more = read(fd, guest->line + guest->count, sizeof guest->line - guest->count);
        if (more <= 0) {
            close(fd);
            return;
        }
        guest->count += (size_t)more;
    }
    if (events & POLLHUP)
        close(fd);
}
