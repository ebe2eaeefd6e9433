#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    int users;
    struct client *next;
};

struct client *take(int listener)
{
    struct client *client = calloc(1, sizeof *client);
    if (client != NULL)
        client->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return client;
}

static void leave(struct client *client)
{
    if (--client->users == 0)
        free(client);
}

int answer(struct client *client, int is_last)
{
    if (is_last)
        free(client);
    if (!is_last)
        leave(client->next);
    if (!is_last)
        return shutdown(client->fd, SHUT_RDWR);
    client = malloc(sizeof *client);
    client->users = 1;
    leave(client);
    return client->users;
}
