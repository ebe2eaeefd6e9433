/* What a helper fills is compared with nothing: only how that went is. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_all(int fd, void *into, size_t size)
{
    for (char *at = into; size > 0;) {
        ssize_t count = read(fd, at, size);
        if (count <= 0)
            return -1;
        at += count;
        size -= (size_t)count;
    }
    return 0;
}

void *room(int fd)
{
    uint32_t size;
    if (read_all(fd, &size, sizeof size) != 0)
        return NULL;
    return size > 4096 ? NULL : malloc(size);
}

int pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}
