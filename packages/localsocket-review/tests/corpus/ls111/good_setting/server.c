#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "settings.h"

static int connect_to(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int reach(int fd)
{
    return connect_to(fd, settings.control_path);
}
