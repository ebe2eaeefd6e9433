#include <sys/socket.h>
#include <sys/uio.h>

ssize_t receive(int connection, char *buffer, size_t size)
{
    struct iovec vector = { buffer, size };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    return recvmsg(connection, &message, 0);
}
