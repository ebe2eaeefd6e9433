#include <sys/socket.h>
#include <unistd.h>

#include "lamp.h"

static int lamp_socket(void)
{
    int fd;
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
        return LAMP_ERR;
    if (lamp_prepare(fd) == LAMP_ERR) {
        close(fd);
        return LAMP_ERR;
    }
    return fd;
}

int lamp_prepare(int fd)
{
    int size = 4096;
    return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0 ? LAMP_ERR : LAMP_OK;
}

int lamp_connect(const struct sockaddr *address, socklen_t length)
{
    int fd;
    if ((fd = lamp_socket()) == LAMP_ERR)
        return LAMP_ERR;
    if (lamp_prepare(fd) != LAMP_OK)
        return LAMP_ERR; // expect: LS211
    if (connect(fd, address, length) < 0) {
        close(fd);
        return LAMP_ERR;
    }
    return fd;
}
