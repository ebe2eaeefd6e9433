#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE (SOCK_SEQPACKET | SOCK_CLOEXEC)

int listener(void)
{
    int fd = socket(AF_UNIX, TYPE, 0);
    return fd;
}

int next(int fd)
{
    int connection;
    if ((connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0)
        return -1;
    if (system("true") == 0)
        return connection;
    close(connection);
    return -1;
}
