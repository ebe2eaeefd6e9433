#include <stdio.h>
#include <string.h>
#include <sys/un.h>

int address_of(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path); // expect: LS111
    return 0;
}

int address_in(struct sockaddr_un *address, const char *directory, int number)
{
    char *target = address->sun_path;
    sprintf(target, "%s/socket-%d", directory, number); // expect: LS111
    strcat(address->sun_path, ".sock");
    return 0;
}

int abstract(struct sockaddr_un *address, const char *name)
{
    address->sun_path[0] = 0;
    memcpy(address->sun_path + 1, name, strlen(name)); // expect: LS111
    return 0;
}
