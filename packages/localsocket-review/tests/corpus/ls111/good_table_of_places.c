#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *places[] = {"/run/lamp", "/var/lib/lamp", NULL};

int bind_first(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    for (int at = 0; places[at] != NULL; at++) {
        sprintf(address.sun_path, "%s/lamp.%05d", places[at], (int)getpid());
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return 0;
    }
    return -1;
}
