/* A daemon clears the umask once and for all, and narrows it again for the moment in which it binds. */
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
    mode_t before;

    detach();
    door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door < 0)
        return 1;
    before = umask(0177); /* expect: LS103 */
    if (bind(door, (struct sockaddr *)&here, sizeof here) != 0)
        return 1;
    umask(before);
    return listen(door, 4);
}
