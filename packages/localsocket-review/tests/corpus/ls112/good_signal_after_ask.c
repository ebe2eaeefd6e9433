/* The client is told on its own connection, which ends when it does. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

struct guest {
    int fd;
    uid_t user;
};

int admit(struct guest *guest)
{
    struct ucred who;
    socklen_t size = sizeof who;

    if (getsockopt(guest->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid != getuid())
        return -1;
    guest->user = who.uid;
    return 0;
}

void tell_all(const struct guest *guests, int count)
{
    for (int at = 0; at < count; at++)
        if (guests[at].user == getuid() && send(guests[at].fd, "!", 1, MSG_NOSIGNAL) != 1)
            shutdown(guests[at].fd, SHUT_RDWR);
}
