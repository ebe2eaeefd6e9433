#include <arpa/inet.h>
#include <stdint.h>
#include <sys/socket.h>

uint64_t room_for(int fd)
{
    uint32_t size;
    uint64_t room = 64;
    if (recv(fd, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return 0;
    size = ntohl(size);
    while (room < size) /* expect: LS122 */
        room += 64;
    return room;
}
