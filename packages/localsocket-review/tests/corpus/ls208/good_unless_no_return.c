#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "trouble.h" /* leave_now() never returns; [[noreturn]] void drop_all(int); void give(int) __attribute__((noreturn)); */

static void complain(const char *why)
{
    fputs(why, stderr);
    exit(3);
}

static void complain_of(int code)
{
    complain(code == 0 ? "closed" : "broken");
}

void fill_by_chain(int fd, char *room, size_t size)
{
    for (size_t have = 0; have < size;) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more <= 0)
            complain_of((int)more);
        have += more;
    }
}

void fill_by_comment(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more < 0)
            err(1, "recv");
        if (!more)
            leave_now();
        have += more;
    }
}

void fill_by_attribute(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more < 1)
            drop_all(2);
        have += more;
    }
}

void fill_by_attribute_behind(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more < 1)
            give(2);
        have += more;
    }
}

void fill_by_unknown(int fd, char *room, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t more = recv(fd, room + have, size - have, 0);
        if (more < 1)
            trouble_with("the till");
        have += more;
    }
}

int main(void)
{
    char room[16];
    fill_by_chain(0, room, sizeof room);
    fill_by_comment(0, room, sizeof room);
    fill_by_attribute(0, room, sizeof room);
    fill_by_attribute_behind(0, room, sizeof room);
    fill_by_unknown(0, room, sizeof room);
    return room[0];
}
