#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <stdint.h>

struct item {
    char name[32];
};

struct item *make_items(int client)
{
    uint32_t count;
    if (recv(client, &count, sizeof count, MSG_WAITALL) != sizeof count)
        return NULL;
    return malloc(ntohl(count) * sizeof(struct item)); // expect: LS110, LS121
}
