/* A name that a loop found free. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int number = 0;
    do {
        snprintf(address.sun_path, sizeof address.sun_path, "/tmp/editor-%d", number++);
    } while (access(address.sun_path, F_OK) == 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) { // expect: LS105, LS124
        close(fd);
        return -1;
    }
    return fd;
}
