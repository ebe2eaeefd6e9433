#include <sys/socket.h>
#include <sys/un.h>

int serve(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(fd, (const struct sockaddr *)address, sizeof *address); // expect: LS201
    listen(fd, 5); // expect: LS201
    return fd;
}
