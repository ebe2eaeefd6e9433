#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <unistd.h>

int wait_by_select(const char *path)
{
    fd_set ready;
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    FD_ZERO(&ready);
    FD_SET(fd, &ready);
    if (select(fd + 1, &ready, NULL, NULL, NULL) < 0)
        return -1; // expect: LS211
    close(fd);
    return 0;
}

int wait_by_poll(const char *path)
{
    struct pollfd asked[1];
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    asked[0].fd = fd;
    asked[0].events = POLLIN;
    if (poll(asked, 1, 1000) <= 0)
        return -1; // expect: LS211
    close(fd);
    return 0;
}
