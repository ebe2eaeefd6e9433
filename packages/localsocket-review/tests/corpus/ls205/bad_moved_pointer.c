#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct item {
    uint32_t kind;
    uint32_t amount;
};

uint32_t amount_of(int fd)
{
    char room[512];
    const ssize_t came = recv(fd, room, sizeof room, 0); // expect: LS205, LS207
    const char *place = room;
    const struct item *item;
    if (came <= 0 || came < strlen("ITEM") || memcmp(room, "ITEM", 4) != 0)
        return 0;
    place += 4;
    item = (const struct item *)place;
    return item->kind == 1 ? item->amount : 0;
}
