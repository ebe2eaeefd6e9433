#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

char *take(int fd)
{
    uint32_t size;

    if (recv(fd, &size, sizeof(size), MSG_WAITALL) != sizeof(size))
        return NULL;
    if (size >= 65536)
        return NULL;
    return malloc(size);
}
