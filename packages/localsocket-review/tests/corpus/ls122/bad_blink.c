#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void blink(int round);

void signal_back(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    int rounds = atoi(line);
    for (int round = 0; round < rounds; round++) // expect: LS122
        blink(round);
}
