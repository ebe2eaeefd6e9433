#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdint.h>

void take(int client, const char *from)
{
    char into[64];
    int32_t size;
    if (recv(client, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return;
    if (size <= (int)sizeof into)
        memcpy(into, from, size); // expect: LS110
}
