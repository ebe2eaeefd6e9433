/* A log is opened with a umask of its own, which is put back before anything is bound. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *open_log(const char *name)
{
    mode_t before = umask(0);
    umask(before | 027);
    FILE *log = fopen(name, "a");
    umask(before);
    return log;
}

static int open_door(int fd, const struct sockaddr_un *address)
{
    return bind(fd, (const struct sockaddr *)address, sizeof *address);
}

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *log = open_log("/var/log/door");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, "/run/door.sock");
    if (log == NULL || fd < 0 || fchmod(fd, 0600) < 0 || open_door(fd, &address) < 0)
        return 1;
    return listen(fd, 5) < 0;
}
