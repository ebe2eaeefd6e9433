#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int open_kiosk(int fd, int lock, const char *door)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};

    strncpy(here.sun_path, door, sizeof(here.sun_path) - 1);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 || fchmod(fd, 0600) != 0)
        return -1;
    unlink(door);
#if defined(_WIN32)
    if (bind(fd, (struct sockaddr *)&here, (int)sizeof(here)) != 0) {
#else
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
#endif
        return -1;
    }
    return listen(fd, 4);
}
