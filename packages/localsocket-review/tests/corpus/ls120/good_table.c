#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void (*const handlers[4])(int);

void dispatch(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    int which = atoi(line);
    if (which >= 0 && which < 4)
        handlers[which](client);
}
