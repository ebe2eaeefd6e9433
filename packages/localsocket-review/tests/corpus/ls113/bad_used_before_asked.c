#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

int may_stop(int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    int failed = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size); // expect: LS113

    if (peer.uid == 0)
        return 1;
    return failed ? -1 : peer.uid == getuid();
}
