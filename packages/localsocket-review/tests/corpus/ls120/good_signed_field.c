/* The slot is a signed number of the message, and neither end of the array is left out. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define SLOTS 16

struct order {
    int32_t slot;
    int32_t amount;
};

static int32_t stock[SLOTS];

int book(int client)
{
    struct order order;

    if (recv(client, &order, sizeof order, MSG_WAITALL) != sizeof order)
        return -1;
    if (order.slot < 0 || order.slot >= SLOTS)
        return -1;
    stock[order.slot] += order.amount;
    return 0;
}
