#include <assert.h>
#include <string.h>
#include <sys/socket.h>

void take(const char *line, size_t length);

int gather(int client)
{
    char kept[512];
    size_t used = 0;
    for (;;) {
        ssize_t count = recv(client, kept + used, sizeof kept - used - 1, 0);
        if (count <= 0)
            return -1;
        used += count;
        assert(used < sizeof kept);
        char *end = memchr(kept, '\n', used);
        if (end) {
            take(kept, end - kept);
            return 0;
        }
    }
}
