/* How many bytes came is compared, and not what they say. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

int copy_name(int fd, char *into, const char *from)
{
    uint32_t size;
    if (recv(fd, &size, 4, MSG_WAITALL) < 4)
        return -1;
    memcpy(into, from, size); // expect: LS110
    return 0;
}
