/* A daemon clears the umask once and for all; the socket has its own mode before it is bound. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void detach(void)
{
    if (fork() > 0)
        exit(0);
    setsid();
    umask(0);
}

int main(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = "/run/barometer/door"};
    int door;

    detach();
    door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door < 0 || fchmod(door, 0600) != 0)
        return 1;
    if (bind(door, (struct sockaddr *)&here, sizeof here) != 0)
        return 1;
    return listen(door, 4);
}
