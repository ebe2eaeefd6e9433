/* Each connection takes another element of an array, however many there are: the 65th writes behind its end. */
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
    clients[count++] = fd; // expect: LS120
}

void watch(int server)
{
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    watched[many].fd = fd; // expect: LS120
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
