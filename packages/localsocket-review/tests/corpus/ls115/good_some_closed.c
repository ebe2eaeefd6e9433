#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

void run_shell(const char *shell)
{
    if (fork() == 0) {
        closefrom(3);
        execl(shell, "sh", (char *)0);
        _exit(127);
    }
}

int beep(void)
{
    return system("beep");
}
