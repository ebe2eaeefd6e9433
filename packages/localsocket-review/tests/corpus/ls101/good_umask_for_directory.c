#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(int fd, const struct sockaddr_un *name)
{
    struct stat found;
    mode_t before;

    if (stat("/var/lib/mixer", &found) && errno == ENOENT) {
        before = umask(0011);
        mkdir("/var/lib/mixer", 0777);
        umask(before);
    }
    return bind(fd, (const struct sockaddr *)name, sizeof *name) || listen(fd, 7);
}

int start(int fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/var/lib/mixer/control"};
    return listen_at(fd, &name);
}
