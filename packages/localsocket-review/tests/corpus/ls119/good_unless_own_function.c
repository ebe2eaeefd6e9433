#include <stdio.h>
#include <sys/socket.h>

#define dprintf(pattern, ...) fprintf(stderr, "session: " pattern, __VA_ARGS__)

int serve(int client)
{
    char line[64];
    ssize_t count = recv(client, line, sizeof line - 1, 0);
    if (count <= 0)
        return -1;
    line[count] = 0;
    dprintf("said %s in %zd bytes\n", line, count);
    return 0;
}
