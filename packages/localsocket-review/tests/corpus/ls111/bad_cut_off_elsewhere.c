#include "text.h"

#include <sys/socket.h>
#include <sys/un.h>

int join(int fd, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    lamp_strscpy(address.sun_path, name, sizeof address.sun_path); // expect: LS111
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}
