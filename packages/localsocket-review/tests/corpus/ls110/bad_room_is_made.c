/* As much room as a peer asks for: that is its choice, but what is written then has a place. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
    char *bytes;
    unsigned size;
};

static void make_longer(struct text *text, unsigned need)
{
    text->size = need + 100;
    text->bytes = realloc(text->bytes, text->size); /* expect: LS110 */
}

void mark(int fd, struct text *text)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at >= text->size)
        make_longer(text, at);
    text->bytes[at] = 'x';
}

void mark_in_place(int fd, struct text *text)
{
    unsigned at;
    if (read(fd, &at, sizeof at) != sizeof at)
        return;
    at = ntohl(at);
    if (at >= text->size) {
        char *longer = realloc(text->bytes, at + 1); /* expect: LS110 */
        if (longer == NULL)
            return;
        text->bytes = longer;
        text->size = at + 1;
    }
    text->bytes[at] = 'x';
}
