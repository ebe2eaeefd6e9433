#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int bind_lamp(int fd, const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char place[PATH_MAX];

    strncpy(place, directory, sizeof place);
    place[sizeof place - 1] = 0;
    strncpy(address.sun_path, place, sizeof address.sun_path); /* expect: LS111 */
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}
