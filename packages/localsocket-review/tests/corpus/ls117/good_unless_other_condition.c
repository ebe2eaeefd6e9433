/* What frees and what uses stand under conditions that are never true together. */
#include <stdlib.h>
#include <sys/socket.h>

struct reply {
    int size;
};

int finish(int fd, int is_last)
{
    struct reply *reply = malloc(sizeof *reply);
    if (!reply)
        return -1;
    reply->size = (int)send(fd, "end", 3, MSG_NOSIGNAL);
    if (is_last)
        free(reply);
    if (!is_last) {
        reply->size += 1;
        free(reply);
    }
    return 0;
}
