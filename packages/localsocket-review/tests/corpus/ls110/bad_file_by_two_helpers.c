#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct entry {
    uint32_t at;
    uint32_t size;
};

static int read_all(int fd, void *data, size_t size)
{
    return read(fd, data, size) == (ssize_t)size ? 0 : -1;
}

static int get_entry(int fd, struct entry *entry)
{
    if (read_all(fd, &entry->at, sizeof entry->at) != 0)
        return -1;
    return read_all(fd, &entry->size, sizeof entry->size);
}

char *stored(int fd)
{
    struct entry entry;
    if (get_entry(fd, &entry) != 0)
        return NULL;
    return malloc(entry.size); // expect: LS110
}

char *sent(int fd)
{
    uint32_t size;
    if (recv(fd, &size, sizeof size, MSG_WAITALL) != sizeof size || size > 4096)
        return NULL;
    return malloc(size);
}
