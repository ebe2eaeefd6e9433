#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int line(int fd, char *text, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t count = read(fd, text + used, size - used);
        if (count <= 0)
            return -1;
        used += (size_t)count;
        if (text[used - 1] == '\n')
            return 0;
    }
    return -1;
}

int answer(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t sent = send(fd, text, left, 0);
        if (sent < 0)
            return -1;
        text += sent;
        left -= (size_t)sent;
    }
    return 0;
}
