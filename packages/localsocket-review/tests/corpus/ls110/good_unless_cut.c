#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wchar.h>

#define MOST 4096u

static uint32_t asked(int fd)
{
    uint32_t number;

    if (recv(fd, &number, sizeof number, MSG_WAITALL) != sizeof number)
        abort();
    return number;
}

char *by_if(int fd)
{
    uint32_t wanted = asked(fd);
    if (wanted > MOST)
        wanted = MOST;
    return malloc(wanted);
}

char *by_macro(int fd)
{
    uint32_t wanted = asked(fd);
    wanted = LEAST_OF(wanted, MOST);
    return malloc(wanted);
}

char *by_remainder(int fd)
{
    uint32_t wanted = asked(fd);
    wanted %= MOST;
    return malloc(wanted);
}

char *by_mask(int fd)
{
    uint32_t wanted = asked(fd);
    wanted &= MOST - 1;
    return malloc(wanted);
}

char *by_refusal(int fd)
{
    uint32_t wanted = asked(fd);
    if (wanted > MOST)
        die_of("too much");
    return malloc(wanted);
}

ssize_t behind_wide(int fd)
{
    wchar_t room[64] = L"to: ";
    size_t used = wcslen(room);
    return recv(fd, (char *)(room + used), (64 - used - 1) * sizeof(wchar_t), MSG_WAITALL);
}

ssize_t behind(int fd)
{
    char room[64];
    if (recv(fd, room, 10, MSG_WAITALL) != 10)
        return -1;
    room[10] = '\0';
    size_t used = strlen(room);
    return recv(fd, room + used, sizeof room - used - 1, MSG_WAITALL);
}

int main(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return by_if(fd) && by_macro(fd) && by_remainder(fd) && by_mask(fd) && by_refusal(fd) && behind(fd) && behind_wide(fd);
}
