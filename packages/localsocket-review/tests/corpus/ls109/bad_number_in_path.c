#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int forget(int fd, const char *directory)
{
    char port[8], path[100];
    if (recv(fd, port, sizeof port, MSG_WAITALL) != sizeof port || port[7] != 0)
        return -1;
    if (snprintf(path, sizeof path, "%s/%s.%d", directory, port, fd) >= (int)sizeof path)
        return -1;
    return unlink(path); // expect: LS109
}
