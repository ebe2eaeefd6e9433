/* The same, where there is room for it: what is left behind it was measured, or it was made smaller. */
#include <arpa/inet.h>
#include <unistd.h>

struct text {
    char *bytes;
    unsigned size;
};

void mark(int fd, struct text *text)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at >= text->size)
        at = text->size - 1;
    text->bytes[at] = 'x';
}

void mark_behind(int fd, char *bytes, int size)
{
    int at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at < 0 || size - at < 4)
        return;
    bytes[at] = 'x';
}
