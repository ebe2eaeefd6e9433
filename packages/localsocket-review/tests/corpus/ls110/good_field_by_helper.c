#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct session {
    int fd;
    char *room;
    size_t size;
    size_t used;
};

static int take(struct session *one)
{
    ssize_t count = recv(one->fd, one->room, one->size, 0);
    if (count <= 0)
        return -1;
    one->used = count;
    return 0;
}

static int serve(struct session *one)
{
    if (take(one) < 0)
        return -1;
    char *copy = malloc(one->used);
    if (!copy)
        return -1;
    memcpy(copy, one->room, one->used);
    free(copy);
    return 0;
}

int main(void)
{
    char room[512];
    struct session one = {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), room, sizeof room, 0};
    return serve(&one);
}
