/* The same, with as many connections as there is room for. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 64

static int clients[MOST];
static int count;
static struct pollfd watched[MOST];
static nfds_t many;

void take(int server)
{
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (count == MOST) {
        close(fd);
        return;
    }
    clients[count++] = fd;
}

void watch(int server)
{
    if (many >= sizeof watched / sizeof watched[0])
        return;
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    watched[many].fd = fd;
    watched[many].events = POLLIN;
    many++;
}

void leave(void)
{
    for (int at = 0; at < count; at++)
        close(clients[at]);
    for (nfds_t at = 0; at < many; at++)
        close(watched[at].fd);
}
