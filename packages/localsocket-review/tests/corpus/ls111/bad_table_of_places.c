#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *places[] = {
    "/srv/house/of/the/long/street/with/the/many/lamps/that/burn/all/night/for/those/who/come/home/late/in/winter",
    "/run/lamp", "/var/lib/lamp", NULL};

int bind_first(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    for (int at = 0; places[at] != NULL; at++) {
        sprintf(address.sun_path, "%s/lamp.%05d", places[at], (int)getpid()); // expect: LS111
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return 0;
    }
    return -1;
}
