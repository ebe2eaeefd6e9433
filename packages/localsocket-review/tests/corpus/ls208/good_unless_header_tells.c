#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

ssize_t pending(int fd, char *room, size_t size)
{
    struct iovec vector = { room, size };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    ssize_t found;
    for (;;) {
        found = recvmsg(fd, &message, MSG_PEEK);
        if (found == -1 && errno == EINTR)
            continue;
        if ((message.msg_flags & MSG_TRUNC) == 0)
            break;
        vector.iov_len /= 2;
    }
    return found;
}
