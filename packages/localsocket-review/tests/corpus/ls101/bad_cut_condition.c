#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int open_kiosk(int fd, const char *door)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};

    strncpy(here.sun_path, door, sizeof(here.sun_path) - 1);
    unlink(door); /* expect: LS106 */
#if defined(_WIN32)
    if (bind(fd, (struct sockaddr *)&here, (int)sizeof(here)) != 0) {
#else
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
#endif
        return -1;
    }
    chmod(door, 0666); /* expect: LS101 */
    return listen(fd, 4);
}
