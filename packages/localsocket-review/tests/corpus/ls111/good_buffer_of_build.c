#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int bind_lamp(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char place[PATH_MAX];

    strncpy(place, LAMP_DIRECTORY, sizeof place);
    place[sizeof place - 1] = 0;
    strncpy(address.sun_path, place, sizeof address.sun_path);
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}
