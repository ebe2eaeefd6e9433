#include <stdlib.h>
#include <sys/socket.h>

struct entry {
    int fd;
    int used;
    int which;
    char *bytes;
};
struct entries {
    struct entry *each;
    unsigned count;
};

static int slots[16];

static void tidy(struct entries *all)
{
    unsigned from, to = 0;
    for (from = 0; from < all->count; from++)
        if (all->each[from].fd >= 0)
            all->each[to++] = all->each[from];
    all->count = to;
    struct entry *fewer = realloc(all->each, to * sizeof *fewer);
    if (fewer)
        all->each = fewer;
}

static int take(struct entry *one)
{
    return recv(one->fd, one->bytes, 16, MSG_WAITALL);
}

static void hear(struct entries *all)
{
    for (unsigned at = 0; at < all->count; at++)
        all->each[at].used += take(&all->each[at]) > 0;
}

int serve(struct entries *all)
{
    int sum = 0;
    tidy(all);
    hear(all);
    for (unsigned at = 0; at < all->count; at++) {
        struct entry *one = &all->each[at];
        sum += slots[one->which] + one->bytes[one->used];
    }
    return sum;
}
