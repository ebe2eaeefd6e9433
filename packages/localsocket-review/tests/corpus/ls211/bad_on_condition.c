#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int dial(const struct sockaddr_un *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int is_connected = connect(fd, (const struct sockaddr *)server, sizeof *server) == 0;
    return is_connected ? fd : -1; // expect: LS211
}

int ask(const struct sockaddr_un *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof *server) < 0 ? -1 : fd; // expect: LS211
}
