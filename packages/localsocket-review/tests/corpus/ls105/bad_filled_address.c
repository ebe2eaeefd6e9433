#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fill(struct sockaddr_un *address, const char *name)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/tmp/%s-%d", name, (int)getpid());
}

int serve(void)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fill(&address, "control");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) { // expect: LS102, LS105
        close(fd);
        return -1;
    }
    return fd;
}
