#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int wants_more(int pair[2])
{
    char answer[16];
    int keyboard = STDIN_FILENO;
    ssize_t count = read(keyboard, answer, sizeof answer - 1);

    if (count <= 0)
        return -1;
    answer[count] = '\0';
    return strcmp(answer, "more\n") == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;
}
