/* A number that does not fit is told, or another buffer grows, and it is used all the same. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
    char *bytes;
    unsigned size;
};

static void tell_too_long(struct text *text, unsigned at)
{
    fprintf(stderr, "%u does not fit into %u\n", at, text->size);
}

static void grow(struct text *text, unsigned need)
{
    text->size = need + 100;
    text->bytes = realloc(text->bytes, text->size);
}

void mark(int fd, struct text *text)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at >= text->size)
        tell_too_long(text, at);
    text->bytes[at] = 'x'; /* expect: LS120 */
}

void mark_other(int fd, struct text *text, struct text *other)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at >= text->size)
        grow(other, 10);
    text->bytes[at] = 'x'; /* expect: LS120 */
}

void mark_behind(int fd, struct text *text)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (text->size - at > 4)
        return;
    text->bytes[at] = 'x'; /* expect: LS120 */
}
