#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int line(int fd, char *text, size_t size)
{
    size_t used = 0;
    while (used < size) {
        if (read(fd, &text[used], 1) != 1) // expect: LS302
            return -1;
        if (text[used] == '\n')
            return 0;
        used++;
    }
    return -1;
}

int answer(int fd, const char *text)
{
    for (size_t i = 0; i < strlen(text); i++) {
        if (send(fd, text + i, 1, 0) != 1) // expect: LS302
            return -1;
    }
    return 0;
}
