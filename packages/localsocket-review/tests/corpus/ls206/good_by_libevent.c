#include <event2/event.h>
#include <sys/socket.h>

static void tick(evutil_socket_t descriptor, short what, void *context)
{
    event_base_loopbreak(context);
}

int open_door(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void watch(struct event_base *base, int descriptor)
{
    struct event *readable = event_new(base, descriptor, EV_READ | EV_PERSIST, tick, NULL);
    event_add(readable, NULL);
}
