#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPEN(family, kind, protocol) socket(family, kind, protocol)

static int ask(const struct sockaddr_storage *where)
{
    int fd = socket(where->ss_family, SOCK_STREAM, IPPROTO_TCP);
    if (fd < 0)
        fd = OPEN(PF_INET, SOCK_DGRAM, IPPROTO_IP);
    return fd;
}

int main(int count, char **arguments)
{
    struct sockaddr_storage where = {0};
    int fd = ask(&where);
    if (count < 2 || fd < 0)
        return 1;
    close(fd);
    return execv(arguments[1], arguments + 1);
}
