#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

void *room(int fd)
{
    uint16_t halves[2];
    uint32_t size;

    if (recv(fd, halves, sizeof halves, MSG_WAITALL) != sizeof halves)
        return NULL;
    size = ((uint32_t)halves[0] << 16) | halves[1];
    return malloc(size); // expect: LS110
}
