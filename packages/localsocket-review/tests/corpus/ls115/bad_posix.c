#include <stdlib.h>
#include <sys/socket.h>

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
    return system("true") == 0 ? connection : -1;
}
