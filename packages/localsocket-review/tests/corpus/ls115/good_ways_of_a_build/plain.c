#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int is_alive(const struct sockaddr_un *lamp)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return 0;
    int failed = connect(fd, (const struct sockaddr *)lamp, sizeof *lamp);
    close(fd);
    return failed == 0;
}

int watch(int interval)
{
    return interval > 0 ? -1 : 0; /* this way of the build cannot */
}
