#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int take(int fd, const void *any, socklen_t size)
{
    return bind(fd, any, size);
}

int open_kiosk(int fd, const char *door)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};

    strncpy(here.sun_path, door, sizeof(here.sun_path) - 1);
    unlink(door); /* expect: LS106 */
    return take(fd, &here, sizeof(here));
}
