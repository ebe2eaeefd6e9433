#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define GREATER(one, other) ((one) > (other) ? (one) : (other))

int reach(int fd, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    memcpy(to.sun_path, name, GREATER(strlen(name), 20)); /* expect: LS111 */
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}
