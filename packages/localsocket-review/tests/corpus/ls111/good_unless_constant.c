#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define CONTROL "/run/editor/control"

void fill(struct sockaddr_un *address, int number)
{
    strcpy(address->sun_path, CONTROL);
    sprintf(address->sun_path, "/run/editor/%d", number);
}
