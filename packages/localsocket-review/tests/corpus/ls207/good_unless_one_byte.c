#include <sys/socket.h>
#include <unistd.h>

int woken(int fd)
{
    char byte;
    if (read(fd, &byte, 1) == -1)
        return -1;
    return byte;
}

int peeked(int fd)
{
    unsigned char byte;
    if (recv(fd, &byte, sizeof byte, MSG_PEEK) < 0)
        return -1;
    return byte;
}
