#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int fcntl_long(int fd, int what, long flags);

static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0)
        fcntl_long(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int main(int count, char **arguments)
{
    int fd = open_socket();
    if (count < 2 || fd < 0)
        return 1;
    close(fd);
    return execv(arguments[1], arguments + 1);
}
