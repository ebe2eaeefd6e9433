#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int receive_descriptor(int connection)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    int descriptor = -1;
    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) <= 0)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    if (message.msg_flags & MSG_CTRUNC) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}
