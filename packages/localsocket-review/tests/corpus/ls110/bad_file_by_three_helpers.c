#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_all(int fd, void *data, size_t size)
{
    return read(fd, data, size) == (ssize_t)size ? 0 : -1;
}

static int read_entry(int fd, void *entry, size_t size)
{
    return read_all(fd, entry, size);
}

static int find_entry(int fd, void *entry, size_t size)
{
    return read_entry(fd, entry, size);
}

char *stored(int fd)
{
    uint32_t size;
    if (find_entry(fd, &size, sizeof size) != 0)
        return NULL;
    return malloc(size); /* expect: LS110 */
}

char *sent(int fd)
{
    uint32_t size;
    if (read_all(fd, &size, sizeof size) != 0 || size > 4096)
        return NULL;
    return malloc(size);
}

char *asked(const char *path)
{
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *answer = path == NULL ? NULL : sent(peer);
    close(peer);
    return answer;
}
