#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t fill(struct sockaddr_un *address, const char *name)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    address->sun_path[0] = '\0';
    strncpy(address->sun_path + 1, name, sizeof address->sun_path - 2);
    return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

int serve(const char *name)
{
    struct sockaddr_un address;
    const socklen_t size = fill(&address, name);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, size) != 0) { // expect: LS104
        close(fd);
        return -1;
    }
    return fd;
}

int serve_fixed(void)
{
    struct sockaddr_un local = { AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(local.sun_path, "\0editor", 7);
    if (bind(fd, (struct sockaddr *)&local, sizeof(sa_family_t) + 7) == 0) // expect: LS104
        return fd;
    close(fd);
    return -1;
}
