#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

int drain(int fd)
{
    char text[64];
    while (recv(fd, text, sizeof text, MSG_DONTWAIT) > 0)
        ;
    snprintf(text, sizeof text, "drained %d", fd);
    return puts(text);
}

int pass_on(int fd, FILE *file)
{
    char text[64];
    ssize_t came;
    while ((came = recv(fd, text, sizeof text, 0)) > 0)
        fwrite(text, 1, (size_t)came, file);
    return came < 0 ? puts(text) : 0;
}

int once(int fd)
{
    char text[64];
    ssize_t came;
    do
        came = recv(fd, text, sizeof text, 0);
    while (came < 0 && errno == EINTR);
    return came == sizeof text ? puts(text) : 0;
}
