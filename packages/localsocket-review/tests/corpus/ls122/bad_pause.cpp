#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void wait_for(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    unsigned seconds = strtoul(line, nullptr, 10);
    sleep(seconds); // expect: LS122
    puts("done");
}
