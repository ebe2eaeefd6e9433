#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int dial(const struct sockaddr_un *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int is_connected = connect(fd, (const struct sockaddr *)server, sizeof *server) == 0;
    if (!is_connected)
        close(fd);
    return is_connected ? fd : -1;
}

int ask(const struct sockaddr_un *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int failed = connect(fd, (const struct sockaddr *)server, sizeof *server);
    return failed ? (close(fd), -1) : fd;
}

int open_only(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 ? fd : -1;
}
