#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int credentials_of(int fd, struct ucred *credentials)
{
    socklen_t size = sizeof *credentials;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &size);
}

int is_editor(int fd)
{
    struct ucred credentials;
    char path[64], program[256];
    if (credentials_of(fd, &credentials) != 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/exe", credentials.pid); // expect: LS112
    return readlink(path, program, sizeof program) > 0;
}

int is_child(int fd, pid_t child)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
        return 0;
    return peer.pid == child; // expect: LS112
}
