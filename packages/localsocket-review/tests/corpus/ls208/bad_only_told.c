#include <stdio.h>
#include <sys/socket.h>

static void complain(const char *why)
{
    fputs(why, stderr);
}

void fill(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0); /* expect: LS208 */
        if (more < 1)
            complain("closed");
        have += more;
    }
}
