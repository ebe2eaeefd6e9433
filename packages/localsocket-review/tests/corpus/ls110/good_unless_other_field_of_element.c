/* Each client's own buffer is filled by the peer; where it is filled next is the program's count. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct lamp_client {
    int fd;
    size_t filled;
    char bytes[256];
};

struct lamp_clients {
    struct lamp_client all[4];
};

static int fill(struct lamp_client *client)
{
    ssize_t got = recv(client->fd, client->bytes + client->filled, sizeof client->bytes - client->filled, 0);

    if (got > 0)
        client->filled += (size_t)got;
    return got > 0;
}

static void drop(struct lamp_client *client, size_t used)
{
    memmove(client->bytes, client->bytes + used, client->filled - used);
    client->filled -= used;
}

int serve_lamp_clients(struct lamp_clients *clients, int count)
{
    for (int at = 0; at < count; at++)
        if (fill(&clients->all[at]))
            drop(&clients->all[at], 1);
    return 0;
}

int main(void)
{
    struct lamp_clients clients = {0};

    clients.all[0].fd = STDIN_FILENO;
    return serve_lamp_clients(&clients, 1);
}
