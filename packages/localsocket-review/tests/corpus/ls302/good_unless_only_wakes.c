#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

void settle(int woken)
{
    uint64_t times;

    if (read(woken, &times, sizeof times) < 0)
        return;
    while (read(woken, &(char[128]){0}, 128) > 0)
        ;
}

int has_begun(int woken)
{
    ssize_t count;

    do {
        char mark;
        count = read(woken, &mark, 1);
    } while (count == -1 && errno == EINTR);
    return count == 1;
}

int make(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}
