#include <sys/socket.h>
#include <unistd.h>

#include "beacon.h"

static int beacon_socket(void)
{
    int fd;
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
        return BEACON_ERR;
    if (beacon_prepare(fd) == BEACON_ERR) {
        close(fd);
        return BEACON_ERR;
    }
    return fd;
}

int beacon_prepare(int fd)
{
    int size = 4096;
    return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0 ? BEACON_ERR : BEACON_OK;
}

int beacon_connect(const struct sockaddr *address, socklen_t length)
{
    int fd;
    if ((fd = beacon_socket()) == BEACON_ERR)
        return BEACON_ERR;
    if (beacon_prepare(fd) != BEACON_OK)
        return BEACON_ERR; // expect: LS211
    if (connect(fd, address, length) < 0) {
        close(fd);
        return BEACON_ERR;
    }
    return fd;
}
