#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "numbers.h" /* which has LOWEST(), and is not among the files */

#define ROOM (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

static void copy_some(char *into, const char *from, size_t most)
{
    size_t count = strlen(from);

    if (count >= most)
        count = most - 1;
    memcpy(into, from, count);
    into[count] = '\0';
}

static int by_macro(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    memcpy(to.sun_path, name, LOWEST(strlen(name), 100));
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int by_choice(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t count = strlen(name);

    count = count > ROOM ? ROOM : count;
    memcpy(to.sun_path, name, count);
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int by_helper(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    copy_some(to.sun_path, name, sizeof to.sun_path);
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int by_measure(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    memcpy(to.sun_path, name, strnlen(name, ROOM));
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

int any(int fd, const char *name)
{
    return by_macro(fd, name) && by_choice(fd, name) && by_helper(fd, name) && by_measure(fd, name);
}
