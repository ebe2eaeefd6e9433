#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void fill(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, path, sizeof address->sun_path);
    address->sun_path[sizeof address->sun_path - 1] = '\0';
}
