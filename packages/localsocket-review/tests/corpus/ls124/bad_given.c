#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int open_door(int fd)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    char *name = tempnam(NULL, "door");

    if (name == NULL)
        return -1;
    strncpy(here.sun_path, name, sizeof(here.sun_path) - 1);
    return bind(fd, (struct sockaddr *)&here, sizeof(here)); /* expect: LS124 */
}
