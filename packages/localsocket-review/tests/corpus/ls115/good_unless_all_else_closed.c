#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

static int pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void close_the_rest(void)
{
    int highest = getdtablesize();
    for (int fd = 3; fd < highest; fd++)
        close(fd);
}

static void run(const char *program, char *const words[])
{
    if (fork() == 0) {
        close_the_rest();
        execv(program, words);
        _exit(127);
    }
}

static void run_shell(const char *shell)
{
    if (fork() == 0) {
        closefrom(3);
        execl(shell, "sh", (char *)0);
        _exit(127);
    }
}

int main(int count, char **words)
{
    int ends[2];
    if (count < 2 || pair(ends) != 0)
        return 1;
    run(words[1], words + 1);
    run_shell(words[1]);
    return 0;
}
