#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int serve(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 || listen(fd, 5) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}
