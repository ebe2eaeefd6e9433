#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

void *take(int client)
{
    uint8_t head[4];
    if (recv(client, head, sizeof head, MSG_WAITALL) != sizeof head)
        return NULL;
    return malloc(head[0] << 16 | head[1] << 8 | head[2]);
}
