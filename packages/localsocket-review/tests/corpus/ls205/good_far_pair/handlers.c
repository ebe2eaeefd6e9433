#include "house.h"

#include <string.h>
#include <unistd.h>

struct order {
    unsigned char lamp;
    unsigned char level;
};

static int carry_out(struct house *house, const struct order *order)
{
    return house->door >= 0 && order->lamp ? order->level : 0;
}

int on_wake(struct house *house, int fd)
{
    struct order order;
    char text[64];
    if (read(fd, text, sizeof text) < (ssize_t)sizeof order)
        return -1;
    memcpy(&order, text, sizeof order);
    return carry_out(house, &order);
}

int on_tick(struct house *house, int fd)
{
    char text[64];
    if (read(fd, text, sizeof text) <= 0)
        return -1;
    return strcmp(text, "now") == 0 ? from_door(house) : 0;
}

int from_door(struct house *house)
{
    char text[64];
    if (read(house->door, text, sizeof text) <= 0)
        return -1;
    return strcmp(text, "open") == 0;
}
