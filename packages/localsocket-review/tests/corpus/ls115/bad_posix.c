#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE SOCK_SEQPACKET

int listener(void)
{
    int fd = socket(AF_UNIX, TYPE, 0); // expect: LS115
    return fd;
}

int next(int fd)
{
    int connection;
    if ((connection = accept(fd, NULL, NULL)) < 0) // expect: LS115
        return -1;
    if (system("true") == 0)
        return connection;
    close(connection);
    return -1;
}
