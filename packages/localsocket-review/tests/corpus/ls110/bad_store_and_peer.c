#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_exactly(int fd, void *data, size_t size)
{
    return read(fd, data, size) == (ssize_t)size ? 0 : -1;
}

char *title(int client)
{
    uint32_t size;
    if (read_exactly(client, &size, sizeof size))
        return 0;
    return malloc(size); // expect: LS110
}

int version(const char *path)
{
    int fd, number, failed;
    if ((fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC)) < 0)
        return -1;
    failed = read_exactly(fd, &number, sizeof number);
    close(fd);
    return failed ? -1 : number;
}
