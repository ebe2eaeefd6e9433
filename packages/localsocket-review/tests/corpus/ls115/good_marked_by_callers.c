#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int logged_socket(int family, int type)
{
    int fd = socket(family, type, 0);
    return fd;
}

static int logged_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int keep(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int listener(void)
{
    int fd = logged_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0 || keep(fd) == 0)
        return fd;
    close(fd);
    return -1;
}

static int waker(int ends[2])
{
    if (logged_pair(ends) != 0)
        return -1;
    return keep(ends[0]) == 0 ? keep(ends[1]) : -1;
}

static int log_socket(void)
{
    int fd = logged_socket(AF_UNIX, SOCK_DGRAM);
    if (fd < 0 || keep(fd) == 0)
        return fd;
    close(fd);
    return -1;
}

int main(void)
{
    int ends[2];
    if (listener() < 0 || waker(ends) != 0 || log_socket() < 0)
        return 1;
    return system("date");
}
