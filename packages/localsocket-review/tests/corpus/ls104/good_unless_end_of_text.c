#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int reach(int fd, char *where)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *colon = strchr(where, ':');

    if (colon == NULL || strlen(colon + 1) >= sizeof address.sun_path)
        return -1;
    *colon = '\0';
    if (strcmp(where, "unix") != 0)
        return -1;
    *colon = ':';
    strcpy(address.sun_path, colon + 1);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}
