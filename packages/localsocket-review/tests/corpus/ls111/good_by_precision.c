#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

int reach(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sprintf(address.sun_path, "%.*s", (int)sizeof address.sun_path - 1, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) ;
}
