#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int address_of(struct sockaddr_un *address)
{
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, LAMP_SOCKET_PATH, sizeof address->sun_path);
    return connect(0, (struct sockaddr *)address, sizeof *address);
}
