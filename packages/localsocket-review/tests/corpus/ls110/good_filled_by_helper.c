#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>

struct head {
    uint32_t kind;
    uint32_t size;
};

static int fill(int fd, void *to, size_t wanted)
{
    char *at = to;

    while (wanted > 0) {
        ssize_t got = recv(fd, at, wanted, 0);
        if (got <= 0)
            return -1;
        at += got;
        wanted -= (size_t)got;
    }
    return 0;
}

char *next_body(int fd)
{
    struct head head;
    char *body;

    if (fill(fd, &head, sizeof head) != 0)
        return NULL;
    if (head.size > 4096)
        return NULL;
    body = malloc(head.size);
    if (body != NULL && fill(fd, body, head.size) != 0) {
        free(body);
        return NULL;
    }
    return body;
}
