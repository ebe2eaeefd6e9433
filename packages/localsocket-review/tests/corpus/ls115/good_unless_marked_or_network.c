#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int close_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
}

int listener(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && close_on_exec(fd) == 0)
        return fd;
    close(fd);
    return -1;
}

int next(int fd)
{
    int connection = accept(fd, NULL, NULL);
    if (connection >= 0 && fcntl(connection, F_SETFD, FD_CLOEXEC) != 0) { // guard
        close(connection);
        return -1;
    }
    return connection;
}

int web(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? -1 : accept(fd, NULL, NULL);
}
