#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

void *take(int client)
{
    uint8_t head[4];
    if (recv(client, head, sizeof head, MSG_WAITALL) != sizeof head)
        return NULL;
    return malloc((uint32_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3]); // expect: LS110
}
