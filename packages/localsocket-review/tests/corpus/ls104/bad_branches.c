#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int serve(int fd, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (name[0] == '@') {
        strncpy(address.sun_path + 1, name + 1, sizeof address.sun_path - 2);
        return bind(fd, (struct sockaddr *)&address, sizeof address); // expect: LS104, LS111
    }
    strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}
