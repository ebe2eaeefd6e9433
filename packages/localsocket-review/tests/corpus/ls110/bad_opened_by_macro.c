#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

typedef unsigned char byte;

#define TEXT (const char *)
#define byte_open(path, flags) careful_open(TEXT(path), flags)

static int careful_open(const char *path, int flags)
{
    if (path[0] == '/')
        return open(path, flags | O_CLOEXEC);
    return -1;
}

static char *stored(const byte *path)
{
    uint32_t size;
    int fd = byte_open(path, O_RDONLY);
    if (fd < 0 || read(fd, &size, sizeof size) != sizeof size)
        return NULL;
    close(fd);
    return malloc(size);
}

char *answered(int listener, const byte *path)
{
    uint32_t size;
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (read(peer, &size, sizeof size) != sizeof size) {
        close(peer);
        return stored(path);
    }
    close(peer);
    return malloc(size); // expect: LS110
}
