/* The loader calls one of these functions, and programs that load this file call another. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int waking[2];

static __attribute__((constructor)) void make_pair(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, waking) < 0)
        abort();
}

static __attribute__((used, destructor)) void close_pair(void)
{
    close(waking[0]);
    close(waking[1]);
}

PLUGIN_EXPORT int
plugin_version(void)
{
    return 3;
}
