#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int open_client(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return -1; // expect: LS211
    return fd;
}

int ask(const struct sockaddr_un *address, int *answer)
{
    int fd = open_client(address);
    if (fd < 0)
        return -1;
    if (recv(fd, answer, sizeof *answer, MSG_WAITALL) != sizeof *answer)
        return -1; // expect: LS211
    close(fd);
    return 0;
}
