#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int open_door(int fd)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/kioskXXXXXX";

    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(here.sun_path, sizeof(here.sun_path), "%s/door", directory);
    return bind(fd, (struct sockaddr *)&here, sizeof(here));
}
