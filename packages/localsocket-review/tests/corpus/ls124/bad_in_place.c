#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int open_door(int fd)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    char name[] = "/tmp/doorXXXXXX";

    mktemp(name);
    strcpy(here.sun_path, name);
    return bind(fd, (struct sockaddr *)&here, sizeof(here)); /* expect: LS124 */
}
