#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct head {
    uint32_t size;
};

static char *load(int disk, off_t from)
{
    struct head head;
    if (lseek(disk, from, SEEK_SET) < 0)
        return NULL;
    if (read(disk, &head, sizeof head) != sizeof head)
        return NULL;
    return malloc(head.size);
}

int main(void)
{
    free(load(3, 0));
    return shutdown(4, SHUT_RDWR);
}
