/* A server that serves one connection after another, and waits for what each has to say for as long as it takes. */
#include <sys/socket.h>
#include <unistd.h>

static void answer(int client)
{
    char text[512];
    ssize_t count;
    while ((count = read(client, text, sizeof text)) > 0) { // expect: LS206
        if (send(client, text, (size_t)count, MSG_NOSIGNAL) != count)
            return;
    }
}

int serve(int server)
{
    for (;;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return -1;
        answer(client);
        close(client);
    }
}
