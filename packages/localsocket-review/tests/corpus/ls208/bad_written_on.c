#include <stdio.h>
#include <sys/socket.h>

void show(int fd)
{
    char bytes[400];

    while (1) {
        ssize_t count = recv(fd, bytes, sizeof bytes, 0); // expect: LS208
        if (count == -1)
            return;
        if (fwrite(bytes, 1, count, stdout) != (size_t)count)
            return;
    }
}
