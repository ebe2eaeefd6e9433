#include <sys/socket.h>

static int lamps[8];
static const char *colours[] = {"red", "green"};

int lamp_of(int fd)
{
    int words[4];
    if (recv(fd, words, sizeof words, MSG_WAITALL) != sizeof words)
        return -1;
    return lamps[words[1]]; // expect: LS120
}

const char *colour_of(int fd, int at)
{
    int words[4];
    if (recv(fd, words, sizeof words, MSG_WAITALL) < (ssize_t)sizeof words)
        return 0;
    int which = words[at & 3];
    return colours[which]; // expect: LS120
}
