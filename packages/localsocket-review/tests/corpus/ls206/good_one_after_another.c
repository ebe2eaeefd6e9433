/* A server that serves one connection after another, each for as long as is given to it. */
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void answer(int client)
{
    char text[512];
    ssize_t count;
    while ((count = read(client, text, sizeof text)) > 0) {
        if (send(client, text, (size_t)count, MSG_NOSIGNAL) != count)
            return;
    }
}

int serve(int server)
{
    const struct timeval patience = {.tv_sec = 5};
    for (;;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return -1;
        if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0)
            answer(client);
        close(client);
    }
}
