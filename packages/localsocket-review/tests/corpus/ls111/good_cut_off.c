#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static size_t copy_text(char *into, const char *from, size_t size)
{
    size_t length = strlen(from);
    if (size == 0)
        return length;
    if (length >= size)
        length = size - 1;
    memcpy(into, from, length);
    into[length] = 0;
    return length;
}

static int joined(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int by_copy(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (copy_text(address.sun_path, path, sizeof address.sun_path) == sizeof address.sun_path - 1)
        return -1;
    return joined(&address);
}

int by_environment(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *directory = getenv("LAMP_DIRECTORY");
    if (directory == NULL)
        return -1;
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/lamp", directory) >= (int)sizeof address.sun_path)
        return -1;
    return joined(&address);
}

int by_warning(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        exit(EXIT_FAILURE);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return joined(&address);
}
