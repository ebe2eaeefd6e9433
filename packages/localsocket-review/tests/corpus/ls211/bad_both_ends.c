#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int start_helper(int *ours)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    pid_t helper = fork();
    if (helper < 0)
        return -1; // expect: LS211
    if (helper == 0)
        _exit(0);
    close(ends[1]);
    *ours = ends[0];
    return 0;
}

int watch(int wake[2])
{
    int ends[2];
    int made = pipe2(ends, O_CLOEXEC);
    if (made == -1)
        return -1;
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1) {
        close(ends[0]);
        return -1; // expect: LS211
    }
    wake[0] = ends[0];
    wake[1] = ends[1];
    return 0;
}
