#include <sys/socket.h>
#include <sys/uio.h>

int greeted(int fd)
{
    char byte = 'x';
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) <= 0)
        return -1;
    if (byte != '\0')
        return -1;
    return 0;
}
