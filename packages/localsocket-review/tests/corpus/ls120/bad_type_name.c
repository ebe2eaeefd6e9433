/* A structure with a tag and another name, and a number with one: what they are is known by either. */
#include <unistd.h>

typedef struct order_s {
    unsigned many;
    unsigned slot;
} order_t;
struct line_s {
    place_t column;
};
typedef struct line_s line_t, *line_p;
typedef unsigned place_t;

static unsigned stock[256];
static char columns[256];

void take(int fd)
{
    order_t order;
    if (read(fd, &order, sizeof order) != sizeof order)
        return;
    stock[order.slot]++; /* expect: LS120 */
}

void mark(int fd)
{
    line_t line;
    if (read(fd, &line, sizeof line) != sizeof line)
        return;
    columns[line.column] = 'x'; /* expect: LS120 */
}
