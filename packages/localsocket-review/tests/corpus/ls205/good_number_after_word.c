#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

long amount(int fd)
{
    char text[80];
    char *space;
    ssize_t count = recv(fd, text, sizeof text - 1, MSG_WAITALL);
    if (count != sizeof text - 1)
        return -1;
    text[count] = '\0';
    space = strchr(text, ' ');
    return space == NULL ? -1 : strtol(space + 1, NULL, 10);
}
