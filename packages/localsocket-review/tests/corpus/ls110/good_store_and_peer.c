#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_exactly(int fd, void *data, size_t size)
{
    return read(fd, data, size) == (ssize_t)size ? 0 : -1;
}

static int open_store(const char *path)
{
    return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static int open_other(const char *path, int *fd)
{
    *fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? -1 : 0;
}

char *subtitle(const char *path)
{
    int fd, failed;
    uint32_t size;
    if (open_other(path, &fd))
        return 0;
    failed = read_exactly(fd, &size, sizeof size);
    close(fd);
    return failed ? 0 : malloc(size);
}

char *title(const char *path)
{
    int fd, failed;
    uint32_t size;
    if ((fd = open_store(path)) < 0)
        return 0;
    failed = read_exactly(fd, &size, sizeof size);
    close(fd);
    return failed ? 0 : malloc(size);
}

int version(int client)
{
    int number;
    return read_exactly(client, &number, sizeof number) ? -1 : number;
}
