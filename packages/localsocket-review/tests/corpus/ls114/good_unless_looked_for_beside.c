#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>

static int whole(const struct msghdr *header)
{
    return !(header->msg_flags & MSG_CTRUNC);
}

static int take(int peer)
{
    char byte;
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr first;
    } control;
    struct iovec part = {&byte, 1};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(peer, &header, MSG_CMSG_CLOEXEC) != 1 || !whole(&header))
        return -1;
    struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(item), sizeof fd);
    return fd;
}

int main(void)
{
    return take(3) < 0;
}
