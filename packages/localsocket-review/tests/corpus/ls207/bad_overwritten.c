#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

long total(int fd)
{
    char text[4096];
    ssize_t came;
    memset(text, 0, sizeof text);
    while ((came = recv(fd, text, sizeof text - 1, 0)) > 0) // expect: LS205, LS207
        ;
    return came < 0 ? -1 : strtol(text, NULL, 10);
}

char *first_line(int fd)
{
    static char text[4096];
    for (;;) {
        if (recv(fd, text, sizeof text - 1, 0) <= 0) // expect: LS207
            break;
    }
    return strdup(text);
}
