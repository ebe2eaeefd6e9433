/* Asks whether somebody serves the name, and only then starts the programs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return 0;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return errno == EACCES;
    }
    close(fd);
    return 1;
}

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/lamps/socket"};

    while (!is_served(&address))
        if (system("/usr/sbin/lamp-server") != 0)
            return 1;
    return 0;
}
