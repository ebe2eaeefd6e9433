#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int wait_by_select(const char *path)
{
    fd_set ready;
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    FD_ZERO(&ready);
    FD_SET(fd, &ready);
    int result = select(fd + 1, &ready, NULL, NULL, NULL) < 0 ? -1 : 0;
    close(fd);
    return result;
}

int wait_by_poll(const char *path)
{
    struct pollfd asked[1];
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    asked[0].fd = fd;
    asked[0].events = POLLIN;
    int count = poll(asked, 1, 1000);
    close(fd);
    return count > 0 ? 0 : -1;
}

int serve_all(int server)
{
    fd_set all, ready;
    FD_ZERO(&all);
    FD_SET(server, &all);
    for (;;) {
        ready = all;
        if (select(FD_SETSIZE, &ready, NULL, NULL, NULL) < 0)
            return -1;
        if (FD_ISSET(server, &ready)) {
            int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0)
                FD_SET(client, &all);
        }
        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            if (fd != server && FD_ISSET(fd, &ready)) {
                FD_CLR(fd, &all);
                close(fd);
            }
        }
    }
}
