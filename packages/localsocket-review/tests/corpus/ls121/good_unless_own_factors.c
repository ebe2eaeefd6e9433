#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int *table(int client, int rows)
{
    char line[8];
    if (recv(client, line, sizeof line, MSG_WAITALL) != sizeof line)
        return NULL;
    return malloc(rows * sizeof(int));
}
