/* What is left of a buffer, as a difference of two pointers, of which one has moved by what came. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct input {
    char *begin, *at;
    size_t room;
};

static int take(int fd, struct input *input)
{
    ssize_t count = read(fd, input->at, input->begin + input->room - input->at);
    if (count > 0)
        input->at += count;
    return count > 0 ? 0 : -1;
}

int take_all(int fd)
{
    struct input input = {.room = 4096};
    input.begin = input.at = malloc(input.room);
    if (input.begin == NULL)
        return -1;
    while (input.at < input.begin + input.room && take(fd, &input) == 0)
        ;
    free(input.begin);
    return 0;
}

int pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}
