#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int open_kiosk(int fd, const char *door)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_un *here = (struct sockaddr_un *)&storage;

    here->sun_family = AF_UNIX;
    strncpy(here->sun_path, door, sizeof(here->sun_path) - 1);
    unlink(door); /* expect: LS106 */
    return bind(fd, (struct sockaddr *)&storage, sizeof(*here));
}
