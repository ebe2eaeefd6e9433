#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    struct client *next;
};

struct client *take(int listener)
{
    struct client *client = calloc(1, sizeof *client);
    if (client != NULL)
        client->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return client;
}

static void release(struct client *client)
{
    close(client->fd);
    free(client);
}

void drop(struct client *client)
{
    free(client);
    shutdown(client->fd, SHUT_RDWR); // expect: LS117
}

void drop_all(struct client *first)
{
    for (struct client *client = first; client; client = client->next) // expect: LS117
        release(client);
}
