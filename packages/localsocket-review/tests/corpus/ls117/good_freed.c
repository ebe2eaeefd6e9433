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
    shutdown(client->fd, SHUT_RDWR);
    free(client);
}

void drop_all(struct client *first)
{
    struct client *next;
    for (struct client *client = first; client; client = next) {
        next = client->next;
        release(client);
    }
}
