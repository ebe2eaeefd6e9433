#include <net/route.h>
#include <sys/socket.h>

static int seen[16];

struct routes {
    int descriptor;
};

int heard(struct routes *routes)
{
    char buffer[2048];
    if (recv(routes->descriptor, buffer, sizeof buffer, 0) < (int)sizeof(struct rt_msghdr))
        return -1;
    struct rt_msghdr *message = (struct rt_msghdr *)buffer;
    return seen[message->rtm_index];
}
