/* Macros that stay in every build refuse a path that is too long. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "refusing.h" /* ASSERT_DIE() */

#define MUST(x) do { if (!(x)) give_up_at(#x, __LINE__); } while (0)
#define NEEDS(x) \
    if (!(x)) \
        return -1

_Noreturn static void give_up_at(const char *what, int line)
{
    fprintf(stderr, "line %d: %s\n", line, what);
    abort();
}

int join(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    MUST(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int join_if_short(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    NEEDS(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int bound(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ASSERT_DIE(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}
