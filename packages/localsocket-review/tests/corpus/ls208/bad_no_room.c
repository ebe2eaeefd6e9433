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
        ssize_t more = read(fd, guest->line + guest->count, sizeof guest->line - guest->count); // expect: LS208
        if (more <= 0) {
            close(fd);
            return;
        }
        guest->count += (size_t)more;
    }
    if (events & POLLOUT)
        puts("may be written to");
}

void talk(int fd, char *room, size_t size)
{
    size_t count = 0;
    struct pollfd watched = {fd, POLLIN, 0};
    while (poll(&watched, 1, -1) > 0) {
        if (watched.revents & POLLIN) {
            if (count < size) {
                ssize_t more = recv(fd, room + count, size - count, 0); // expect: LS208
                if (more <= 0)
                    break;
                count += (size_t)more;
            }
        }
    }
}
