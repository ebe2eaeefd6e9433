#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct order {
    uint32_t kind;
    uint32_t amount;
};

static void run(uint32_t kind, uint32_t amount);

void serve(const struct sockaddr_un *address)
{
    char room[256];
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
        ssize_t came = recv(fd, room, sizeof room, 0);
        const struct order *order = (const struct order *)room;
        if (came > 0)
            run(order->kind, order->amount); // expect: LS212
    }
    close(fd);
}

uint32_t ask(void)
{
    struct order answer;
    uint32_t amount = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (recvfrom(fd, &answer, sizeof answer, 0, NULL, NULL) >= 0)
        amount = answer.amount; // expect: LS212
    close(fd);
    return amount;
}
