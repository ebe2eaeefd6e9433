/* The process id of the client is kept, and signalled long after it may have gone. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
    int fd;
    pid_t process;
};

int admit(struct guest *guest)
{
    struct ucred who;
    socklen_t size = sizeof who;

    if (getsockopt(guest->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid != getuid())
        return -1;
    guest->process = who.pid;
    return 0;
}

void tell_all(const struct guest *guests, int count)
{
    for (int at = 0; at < count; at++)
        kill(guests[at].process, SIGUSR1); /* expect: LS112 */
}
