/* The peer's number is given to another hook of the table than to the one that indexes by it. */
#include <string.h>
#include <sys/socket.h>

struct lamp_hooks {
    int (*dim)(int lamp, int by);
    int (*count)(int lamp);
};

static struct lamp_hooks hooks_now;
static int lamps_dimmed[16], lamps_asked[16];

static int dim_lamp(int lamp, int by)
{
    return lamps_dimmed[lamp] -= by;
}

static int count_lamp(int lamp)
{
    return lamps_asked[0] + lamp;
}

static void set_hooks(void)
{
    hooks_now.dim = dim_lamp;
    hooks_now.count = count_lamp;
}

int main(void)
{
    int lamp;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    set_hooks();
    if (recv(fd, &lamp, sizeof lamp, MSG_WAITALL) != sizeof lamp)
        return -1;
    return hooks_now.count(lamp);
}
