#include <stdint.h>
#include <sys/socket.h>

#include "counting.h" /* nelem() and handlers */

static uint32_t limits[16];

int receive_limits(int client)
{
    return recv(client, limits, sizeof limits, MSG_WAITALL) == sizeof limits ? 0 : -1;
}

void handle_last(int client)
{
    int last = nelem(limits) - 1;
    handlers[last](client);
}
