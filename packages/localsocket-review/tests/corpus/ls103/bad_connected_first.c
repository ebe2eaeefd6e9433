#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int open_post(const struct sockaddr_un *peer, const char *path)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)peer, sizeof *peer) == 0) {
        close(fd);
        return -1;
    }
    snprintf(own.sun_path, sizeof own.sun_path, "%s", path);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0 || chmod(own.sun_path, 0600) < 0) { /* expect: LS103 */
        close(fd);
        return -1;
    }
    return fd;
}
