#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

long total(int fd)
{
    char text[4096];
    size_t held = 0;
    ssize_t came;
    memset(text, 0, sizeof text);
    while (held < sizeof text - 1 && (came = recv(fd, text + held, sizeof text - 1 - held, 0)) > 0)
        held += (size_t)came;
    return held == 0 ? -1 : strtol(text, NULL, 10);
}

char *first_line(int fd)
{
    static char text[4096];
    size_t held = 0;
    for (;;) {
        ssize_t came = recv(fd, text + held, sizeof text - 1 - held, 0);
        if (came <= 0)
            break;
        held += (size_t)came;
    }
    return held == 0 ? NULL : strdup(text);
}
