#include <stdio.h>
#include <string.h>
#include <sys/un.h>

int address_of(struct sockaddr_un *address, const char *path)
{
    if (strlen(path) >= sizeof address->sun_path) // guard
        return -1; // guard
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return 0;
}

int address_in(struct sockaddr_un *address, const char *directory, int number)
{
    const int size = snprintf(address->sun_path, sizeof address->sun_path, "%s/socket-%d", directory, number);
    return size < (int)sizeof address->sun_path ? 0 : -1;
}

int abstract(struct sockaddr_un *address, const char *name)
{
    const size_t length = strlen(name);
    if (length > sizeof address->sun_path - 1)
        return -1;
    address->sun_path[0] = 0;
    memcpy(address->sun_path + 1, name, length);
    return 0;
}
