/* A header of two words, and a helper that makes room for rows and columns, of which there are not too many. */
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
    return malloc(rows * columns * sizeof(double));
}

int take_grid(int client, struct grid *grid)
{
    uint32_t words[2];

    if (recv(client, words, sizeof words, MSG_WAITALL) != sizeof words)
        return -1;
    grid->rows = ntohl(words[0]);
    grid->columns = ntohl(words[1]);
    if (grid->rows > 1000 || grid->columns > 1000)
        return -1;
    grid->cells = room_for(grid->rows, grid->columns);
    return grid->cells == NULL ? -1 : 0;
}
