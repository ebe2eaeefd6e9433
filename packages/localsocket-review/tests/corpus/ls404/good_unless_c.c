#include <stdlib.h>
#include <sys/un.h>

struct room {
    struct sockaddr_un *addresses;
    size_t count;
};

int widen(struct room *room)
{
    struct sockaddr_un *new;
    new = realloc(room->addresses, 2 * room->count * sizeof *new);
    if (!new)
        return -1;
    room->addresses = new;
    room->count *= 2;
    return 0;
}
