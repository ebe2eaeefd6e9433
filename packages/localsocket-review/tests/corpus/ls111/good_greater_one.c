#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define LOWER(one, other) ((one) < (other) ? (one) : (other))

int reach(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    memcpy(to.sun_path, name, LOWER(strlen(name), 20));
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}
