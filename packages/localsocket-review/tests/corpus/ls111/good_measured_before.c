#include <string.h>
#include <sys/un.h>

int name_it(struct sockaddr_un *address, const char *path)
{
    const size_t length = strlen(path);

    address->sun_family = AF_UNIX;
    if (length + 1 > sizeof address->sun_path)
        return -1;
    memcpy(address->sun_path, path, length + 1);
    return 0;
}
