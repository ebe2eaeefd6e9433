#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int forget(int fd, const char *directory)
{
    int32_t port;
    char path[100];
    if (recv(fd, &port, sizeof port, MSG_WAITALL) != sizeof port)
        return -1;
    if (snprintf(path, sizeof path, "%s/%03d.%d", directory, port, fd) >= (int)sizeof path)
        return -1;
    return unlink(path);
}
