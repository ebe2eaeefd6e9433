#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int keep_from_programs(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    return fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

static int prepare(int fd)
{
    return keep_from_programs(fd);
}

static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && prepare(fd) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int main(int count, char **arguments)
{
    if (count < 2 || open_socket() < 0)
        return 1;
    return execv(arguments[1], arguments + 1);
}
