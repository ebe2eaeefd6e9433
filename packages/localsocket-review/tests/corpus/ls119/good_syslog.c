#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

void note(int client)
{
    char line[200];
    ssize_t length = recv(client, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0)
        return;
    line[length] = '\0';
    syslog(LOG_INFO, "%s", line);
}
