#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int credentials_of(int fd, struct ucred *credentials)
{
    socklen_t size = sizeof *credentials;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &size);
}

int is_ours(int fd)
{
    struct ucred credentials;
    if (credentials_of(fd, &credentials) != 0 || credentials.pid == 0)
        return 0;
    printf("process %d\n", credentials.pid);
    return credentials.uid == getuid();
}

int is_self(pid_t child)
{
    char path[64], program[256];
    snprintf(path, sizeof path, "/proc/%d/exe", getpid());
    return child == getpid() && readlink(path, program, sizeof program) > 0;
}
