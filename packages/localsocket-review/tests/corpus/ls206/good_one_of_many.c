#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 16 };

static int take(int fd)
{
    uint64_t order;
    if (recv(fd, &order, sizeof order, MSG_DONTWAIT) != sizeof order)
        return -1;
    return 0;
}

void serve(int listener)
{
    struct pollfd all[MOST] = { { .fd = listener, .events = POLLIN } };
    int count = 1;
    while (poll(all, (nfds_t)count, -1) > 0) {
        if (all[0].revents && count < MOST) {
            all[count].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            all[count++].events = POLLIN;
        }
        for (int at = 1; at < count; at++)
            if (all[at].revents && take(all[at].fd) < 0)
                close(all[at].fd);
    }
}
