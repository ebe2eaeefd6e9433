#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int switch_lamp(int fd)
{
    char name[64];
    if (recv(fd, name, sizeof name, MSG_WAITALL) != sizeof name)
        return -1;
    name[sizeof name - 1] = 0;
    char *command;
    if (asprintf(&command, "lamp --set %s", name) < 0)
        return -1;
    int failed = system(command); // expect: LS109
    free(command);
    return failed;
}
