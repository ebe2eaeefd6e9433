#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdint.h>

struct item *make(int client);

struct item {
    char name[32];
};

struct item *make_checked(int client)
{
    uint16_t count;
    if (recv(client, &count, sizeof count, MSG_WAITALL) != sizeof count)
        return NULL;
    return calloc(count, sizeof(struct item));
}
