/* Macros that go on, or that a release leaves out, refuse nothing. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SHOULD(x) do { if (!(x)) fprintf(stderr, "line %d: %s\n", __LINE__, #x); } while (0)

int join(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    SHOULD(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path); // expect: LS111
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int join_asserted(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path); // expect: LS111
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}
