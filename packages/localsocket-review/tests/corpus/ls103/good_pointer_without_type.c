#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct kiosk { char *door; int is_private; };

int open_kiosk(const struct kiosk *kiosk, int fd, int lock)
{
    struct sockaddr_un here;
    const void *any;

    memset(&here, 0, sizeof(here));
    here.sun_family = AF_UNIX;
    snprintf(here.sun_path, sizeof(here.sun_path), "%s", kiosk->door);
    any = &here;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return -1;
    unlink(kiosk->door);
    if (kiosk->is_private && fchmod(fd, 0600) != 0)
        return -1;
    if (bind(fd, any, sizeof(here)) != 0)
        return -1;
    return listen(fd, 4);
}
