#include <string.h>
#include <sys/un.h>

int name_it(struct sockaddr_un *address, const char *path)
{
    const size_t length = strlen(path);

    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length + 1); // expect: LS111
    return 0;
}
