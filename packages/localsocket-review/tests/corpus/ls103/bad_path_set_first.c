#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int open_counter(int fd, const char *place)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};

    strncpy(own.sun_path, place, sizeof(own.sun_path) - 1);
    if (bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
        return -1;
    if (chmod(place, 0600) != 0) /* expect: LS103 */
        return -1;
    fchmod(fd, 0600); /* without effect, and without need */
    return listen(fd, 8);
}
