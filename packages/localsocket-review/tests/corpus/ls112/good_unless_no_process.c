#include <stdio.h>
#include <sys/socket.h>

#define NO_PROCESS ((pid_t)-1)

int note(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    pid_t pid = NO_PROCESS;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        pid = peer.pid;
    if (pid != NO_PROCESS)
        printf("asked by %d\n", pid);
    return 0;
}
