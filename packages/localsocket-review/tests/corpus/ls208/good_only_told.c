#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void complain(const char *why)
{
    fputs(why, stderr);
    exit(1);
}

void fill(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more < 1)
            complain("closed");
        have += more;
    }
}
