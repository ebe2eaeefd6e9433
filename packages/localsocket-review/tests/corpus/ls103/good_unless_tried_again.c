#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int answer_at(int fd, struct sockaddr_un *own, int private_mode)
{
    int tries = 0;
again:
    tries++;
    if (private_mode && fchmod(fd, 0600) != 0)
        return -1;
    if (bind(fd, (struct sockaddr *)own, sizeof *own) != 0) {
        if (errno == EADDRINUSE && tries < 2) {
            own->sun_path[1]++;
            goto again;
        }
        return -1;
    }
    return 0;
}
