#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd;
    char line[256];
};

struct client *dial(const struct sockaddr_un *server)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (const struct sockaddr *)server, sizeof *server) < 0) {
        free(client); // expect: LS211
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
    client->line[0] = 0;
} // expect: LS211
