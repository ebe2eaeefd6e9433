#include <sys/socket.h>
#include <sys/uio.h>

int send_file(int fd, struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    return sendmsg(fd, message, 0) == 1 ? 0 : -1;
}

int user_of(int fd, struct ucred *peer)
{
    char byte, room[CMSG_SPACE(sizeof *peer)];
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    if (recvmsg(fd, &message, 0) != 1)
        return -1;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    if (!control || control->cmsg_type != SCM_CREDENTIALS)
        return -1;
    *peer = *(struct ucred *)CMSG_DATA(control);
    return 0;
}
