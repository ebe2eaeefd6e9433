/* A macro takes the next one of a list, at the beginning of the round. */
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct order {
    int kind;
    LIST_ENTRY(order) entry;
};

LIST_HEAD(orders, order);

int obey(int fd, struct orders *orders)
{
    struct order *order;
    int kind;
    for (;;) {
        if (recv(fd, &kind, sizeof kind, MSG_WAITALL) != sizeof kind)
            return -1;
        LIST_FOREACH(order, orders, entry)
            if (order->kind == kind)
                break;
        if (kind == 0)
            free(order);
    }
}
