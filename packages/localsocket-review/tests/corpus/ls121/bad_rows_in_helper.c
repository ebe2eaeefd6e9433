/* A header of two words, and a helper that makes room for rows and columns. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

struct grid {
    uint32_t rows;
    uint32_t columns;
    double *cells;
};

static double *room_for(uint32_t rows, uint32_t columns)
{
    return malloc(rows * columns * sizeof(double)); /* expect: LS110, LS121 */
}

int take_grid(int client, struct grid *grid)
{
    uint32_t words[2];

    if (recv(client, words, sizeof words, MSG_WAITALL) != sizeof words)
        return -1;
    grid->rows = ntohl(words[0]);
    grid->columns = ntohl(words[1]);
    grid->cells = room_for(grid->rows, grid->columns);
    return grid->cells == NULL ? -1 : 0;
}
