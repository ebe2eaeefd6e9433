/* A length that was measured before, rounded up: the path decides all the same. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ROUND_UP(a, b) (((a) + (b) - 1) / (b) * (b))

int reach(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address.sun_path, path, ROUND_UP(length + 1, 8)); /* expect: LS111 */
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}
