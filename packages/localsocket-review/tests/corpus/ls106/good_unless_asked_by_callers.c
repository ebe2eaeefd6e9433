#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(address->sun_path);
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int start(const struct sockaddr_un *address)
{
    return listener(address);
}

int connected_or_served(int fd, int lock, const struct sockaddr_un *address)
{
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return -1;
    return start(address);
}
