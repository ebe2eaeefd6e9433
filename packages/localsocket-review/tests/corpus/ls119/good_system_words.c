#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void stop(const char *text)
{
    fprintf(stderr, text);
}

void hear(int client)
{
    char line[200], why[300];
    int came = recv(client, line, sizeof line - 1, 0);
    if (came <= 0) {
        snprintf(why, sizeof why, "no line: %s", strerror(-came));
        stop(why);
        return;
    }
    line[came] = 0;
    fputs(line, stdout);
}
