#include "place.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int open_place(void)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    memcpy(own.sun_path, "\0notes", 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&own, offsetof(struct sockaddr_un, sun_path) + 6) < 0 || listen(fd, 4) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}
