#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

struct order {
    uint32_t kind;
    uint32_t amount;
};

bool is_order(const char *bytes, ssize_t size);

uint32_t checked_by_helper(void)
{
    char room[256];
    uint32_t amount = 0;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ssize_t came = recv(fd, room, sizeof room, 0);
    if (is_order(room, came))
        amount = ((struct order *)room)->amount;
    close(fd);
    return amount;
}

uint32_t by_size(void)
{
    struct order order;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ssize_t came = recv(fd, &order, sizeof order, 0);
    close(fd);
    switch (came) {
    case sizeof(struct order):
        return order.amount;
    default:
        return 0;
    }
}
