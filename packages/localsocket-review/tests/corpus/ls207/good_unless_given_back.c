#include <stdio.h>
#include <sys/socket.h>

static ssize_t tell(int peer, const char *text, size_t size)
{
    ssize_t sent = send(peer, text, size, 0);
    if (sent < 0)
        perror("send");
    return sent;
}

int tell_all(int peer, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = tell(peer, text, size);
        if (sent < 0)
            return -1;
        text += sent;
        size -= sent;
    }
    return 0;
}

int main(void)
{
    return tell_all(3, "ready\n", 6) < 0;
}
