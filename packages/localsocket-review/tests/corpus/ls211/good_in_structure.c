#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd;
    char line[256];
    LIST_ENTRY(client) entry;
    struct client *next;
};

static LIST_HEAD(, client) clients;
static struct client *first;

struct client *dial(const struct sockaddr_un *server)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        free(client);
        return NULL;
    }
    if (connect(client->fd, (const struct sockaddr *)server, sizeof *server) < 0) {
        close(client->fd);
        free(client);
        return NULL;
    }
    return client;
}

void welcome(int server)
{
    struct client *client = malloc(sizeof *client);
    if (!client)
        return;
    client->fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (client->fd < 0) {
        free(client);
        return;
    }
    LIST_INSERT_HEAD(&clients, client, entry);
}

void welcome_too(int server)
{
    struct client *client = malloc(sizeof *client);
    if (!client)
        return;
    client->fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    client->next = first;
    first = client;
}
