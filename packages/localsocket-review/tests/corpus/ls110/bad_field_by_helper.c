#include <stdlib.h>
#include <sys/socket.h>

struct session {
    int fd;
    unsigned wanted;
};

static int take_number(struct session *one)
{
    return recv(one->fd, &one->wanted, sizeof one->wanted, MSG_WAITALL) == sizeof one->wanted ? 0 : -1;
}

static int serve(struct session *one)
{
    if (take_number(one) < 0)
        return -1;
    char *more = malloc(one->wanted); /* expect: LS110 */
    free(more);
    return 0;
}

int main(void)
{
    struct session one = {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
    return serve(&one);
}
