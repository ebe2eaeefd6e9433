#include "text.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

int join(int fd, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (lamp_strscpy(address.sun_path, name, sizeof address.sun_path) == -E2BIG)
        return -1;
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}
