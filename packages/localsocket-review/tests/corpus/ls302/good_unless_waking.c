#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void handle(void);

void serve(int wake, struct pollfd *watched)
{
    while (poll(watched, 1, -1) >= 0) {
        char ignored;
        if (read(wake, &ignored, 1) <= 0)
            break;
        handle();
    }
}

void tell_all(const int *peers, int count)
{
    for (int i = 0; i < count; i++)
        if (send(peers[i], "\n", 1, 0) != 1)
            break;
}
