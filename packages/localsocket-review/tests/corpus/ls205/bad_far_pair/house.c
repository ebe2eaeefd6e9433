#include "house.h"

#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

int prepare(struct house *house)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, house->wake) != 0)
        return -1;
    house->ticks = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    house->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (house->ticks < 0 || house->door < 0)
        return -1;
    return watch(house->wake[0], on_wake, house) + watch(house->ticks, on_tick, house);
}
