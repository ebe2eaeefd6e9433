#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct packet {
    struct packet *next;
    ssize_t length; // as much as has come
    unsigned char data[256];
};

static void keep(struct packet *packet, struct packet **list)
{
    packet->next = *list;
    *list = packet;
}

static void answer(struct packet *packet, struct packet **list)
{
    struct packet *copy = malloc(sizeof *copy + packet->length);
    if (copy != NULL) {
        memcpy(copy, packet, sizeof *packet);
        keep(copy, list);
    }
}

void take(int fd, struct packet **list)
{
    struct packet first = {0};
    first.length = recv(fd, first.data, sizeof first.data, 0);
    if (first.length <= 0)
        return;
    struct packet *packet = malloc(sizeof *packet);
    if (packet == NULL)
        return;
    memcpy(packet, &first, sizeof first);
    answer(packet, list);
}
