#include <string.h>
#include <sys/socket.h>

int tell(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) // expect: LS207
        return -1;
    return 0;
}
