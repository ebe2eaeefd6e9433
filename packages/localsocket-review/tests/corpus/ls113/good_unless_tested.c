#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int admit(int fd)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    int result;
    do {
        result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    } while (result == -1 && errno == EINTR);
    return result == 0 && credentials.uid == getuid();
}
