#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int serve(int client)
{
    char buffer[256];
    size_t used = 0;
    while (used < sizeof buffer - 1 && memchr(buffer, '\n', used) == NULL) {
        ssize_t count = recv(client, buffer + used, sizeof buffer - 1 - used, 0);
        if (count <= 0)
            return -1;
        used += (size_t)count;
    }
    buffer[used] = '\0';
    if (strcmp(buffer, "stop\n") == 0)
        return 0;
    return 1;
}
