#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void print_all(int fd)
{
    char buffer[512];
    while (1) {
        ssize_t count = recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0) {
            perror("recv");
            break;
        }
        fwrite(buffer, 1, (size_t)count, stdout);
    }
}

int read_all(int fd, char *target, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t count = read(fd, target + used, size - used);
        if (count <= 0)
            return -1;
        used += (size_t)count;
    }
    return 0;
}

void drain(int fd)
{
    char buffer[512];
    ssize_t count;
    while ((count = recv(fd, buffer, sizeof buffer, 0)) > 0)
        fwrite(buffer, 1, (size_t)count, stdout);
}
