#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int detach(void)
{
    umask(027);
    return setsid();
}

int start(int fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/run/mixer/control"};

    if (detach() < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
        return -1;
    return listen(fd, 7);
}
