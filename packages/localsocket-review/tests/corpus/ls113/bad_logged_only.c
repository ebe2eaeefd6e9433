/* That the question failed is written to the log, and the answer is used all the same. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct visitor {
    int fd;
    struct ucred who;
};

int greet(struct visitor *visitor)
{
    socklen_t size = sizeof visitor->who;
    int failed = getsockopt(visitor->fd, SOL_SOCKET, SO_PEERCRED, &visitor->who, &size); /* expect: LS113 */

    if (failed)
        perror("SO_PEERCRED");
    if (visitor->who.uid != getuid())
        return -1;
    return 0;
}
