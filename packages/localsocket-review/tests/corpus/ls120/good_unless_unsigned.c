#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int counts[10];

void count(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    unsigned which = strtoul(line, NULL, 10);
    if (which >= 10)
        return;
    counts[which]++;
}
