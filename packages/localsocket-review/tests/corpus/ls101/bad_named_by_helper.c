#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct settings;
const char *find(struct settings *all, const char *key);

static char *copy(const char *text)
{
    char *made = malloc(strlen(text) + 1);
    return made ? strcpy(made, text) : NULL;
}

static const char *wanted(struct settings *all, const char *key)
{
    const char *found = find(all, key);
    return found ? copy(found) : NULL;
}

int let_all_in(struct settings *all)
{
    const char *path = wanted(all, "socket");
    return chmod(path, 0666); // expect: LS101
}

int serve(struct settings *all, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = wanted(all, "socket");
    if (path == NULL || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof address))
        return -1;
    return listen(fd, 8);
}
