#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int report(int fd, const char *text)
{
    int ends[2];
    write(STDOUT_FILENO, text, strlen(text));
    if (pipe(ends) < 0)
        return -1;
    write(ends[1], "x", 1);
    close(ends[0]);
    close(ends[1]);
    int packets = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (packets < 0)
        return -1;
    send(packets, text, strlen(text), 0);
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t sent = write(fd, text, left);
        if (sent < 0) {
            close(packets);
            return -1;
        }
        text += sent;
        left -= (size_t)sent;
    }
    return packets;
}
