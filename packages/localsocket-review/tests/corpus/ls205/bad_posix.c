#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int serve(int client)
{
    char buffer[256];
    ssize_t count = recv(client, buffer, sizeof buffer - 1, 0); // expect: LS205
    if (count <= 0)
        return -1;
    buffer[count] = '\0';
    if (strcmp(buffer, "stop") == 0)
        return 0;
    return 1;
}
