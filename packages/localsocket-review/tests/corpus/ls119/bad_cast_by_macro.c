#include <stdio.h>
#include <sys/socket.h>

#include "types.h"

int show(int client)
{
    unsigned char line[100];
    char answer[100];
    ssize_t count = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (count < 1)
        return -1;
    line[count] = 0;
    count = sprintf(answer, CS line); // expect: LS119
    return count;
}
