#include <event2/bufferevent.h>
#include <stdlib.h>

static void take(struct bufferevent *events, void *context)
{
    char command[256];
    size_t count = bufferevent_read(events, command, sizeof(command) - 1);
    command[count] = '\0';
    system(command); // expect: LS109
}

void watch(struct bufferevent *events)
{
    bufferevent_setcb(events, take, NULL, NULL, NULL);
    bufferevent_enable(events, EV_READ);
}
