#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

int reach(int fd, const char *path, int most)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sprintf(address.sun_path, "%.*s", most, path); // expect: LS111
    return connect(fd, (struct sockaddr *)&address, sizeof address) ;
}
