#include <stdint.h>

static int read(const uint8_t *from, uint32_t *into, int count)
{
    for (int at = 0; at < count; at++)
        into[at] = from[at];
    return count;
}

int load(const uint8_t *from, uint32_t *into)
{
    return read(from, into, 4);
}
