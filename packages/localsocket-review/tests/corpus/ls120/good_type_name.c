/* The same, with numbers of one byte, for each of which there is an element. */
#include <unistd.h>

typedef struct order_s {
    unsigned many;
    unsigned char slot;
} order_t;
struct line_s {
    place_t column;
};
typedef struct line_s line_t, *line_p;
typedef unsigned char place_t;

static unsigned stock[256];
static char columns[256];

void take(int fd)
{
    order_t order;
    if (read(fd, &order, sizeof order) != sizeof order)
        return;
    stock[order.slot]++;
}

void mark(int fd)
{
    line_t line;
    if (read(fd, &line, sizeof line) != sizeof line)
        return;
    columns[line.column] = 'x';
}
