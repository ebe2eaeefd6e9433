#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

struct hasher {
    int socket;
    int stream;
};

static void mark(int fd)
{
    int flags = fcntl(fd, F_GETFD, 0);
    if (flags < 0)
        return;
    flags |= FD_CLOEXEC;
    fcntl(fd, F_SETFD, flags);
}

int opened(int *fd)
{
    *fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (*fd >= 0)
        mark(*fd);
    return *fd >= 0;
}

int far(const struct addrinfo *found)
{
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    return fd < 0 || listen(fd, 5) != 0 ? -1 : fd;
}

static int hash_socket(void)
{
    int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
    if (fd < 0)
        return -1;
    return fd;
}

int begin(struct hasher *hasher)
{
    hasher->socket = hash_socket();
    return hasher->socket;
}

int stream(struct hasher *hasher)
{
    hasher->stream = accept(hasher->socket, 0, 0);
    return hasher->stream;
}
