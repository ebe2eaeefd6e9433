#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

void listen_to(struct pollfd *watched, int count)
{
    char bytes[300];

    while (poll(watched, count, -1) > 0) {
        for (int i = 0; i < count; i++) {
            if ((watched[i].revents & POLLIN) == 0)
                continue;
            ssize_t read = recv(watched[i].fd, bytes, sizeof bytes, 0);
            if (read <= 0)
                return;
            printf("%.*s", (int)read, bytes);
        }
    }
}
