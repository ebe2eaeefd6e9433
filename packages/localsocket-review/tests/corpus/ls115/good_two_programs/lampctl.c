#include "lamp.h"

#include <unistd.h>

static int ask(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int listen_to_events(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int main(void)
{
    if (fork() == 0)
        return listen_to_events() < 0;
    return ask() < 0;
}
