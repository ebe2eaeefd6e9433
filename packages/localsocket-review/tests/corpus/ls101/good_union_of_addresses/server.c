#include "addresses.h"

#include <sys/stat.h>

int listen_at(int fd, const union any_address *given, socklen_t size)
{
    union any_address address = *given;
    if (bind(fd, (struct sockaddr *)&address, size) != 0)
        return -1;
    return listen(fd, 8);
}

int serve(int fd, const union any_address *given, socklen_t size)
{
    umask(0);
    return listen_at(fd, given, size);
}
