#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const FORMATS[] = {"%s\n", "got %s\n"};

void answer(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    printf(FORMATS[length > 10], line);
    char out[300];
    snprintf(out, sizeof out, "%s", line);
    fputs(out, stdout);
}
