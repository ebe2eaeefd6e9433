#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void answer(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    if (strcmp(line, "usage\n") != 0 && strcmp(line, "help\n") != 0)
        return;
    char out[100];
    int size = snprintf(out, sizeof out, "asked for %s", line);
    printf("%d\n", size);
}
