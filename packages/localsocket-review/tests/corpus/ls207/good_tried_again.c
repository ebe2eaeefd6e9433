#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int take(int client, char *into, size_t size)
{
    ssize_t came;
    char *at = into;
    while (size > 0) {
        do {
            came = recv(client, at, size, 0);
        } while (came == -1 && errno == EINTR);
        if (came <= 0)
            return -1;
        size -= came;
        at += came;
    }
    return into[0];
}
