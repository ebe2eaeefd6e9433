/* A parent opens files on behalf of a child and passes the descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FDS 4

static int send_fd(int sock, int fd)
{
    char byte = 'F';
    struct iovec part = { &byte, 1 };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message;
    struct cmsghdr *header;

    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(sock, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int recv_fd(int sock)
{
    char byte;
    struct iovec part = { &byte, 1 };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = { 0 };
    struct cmsghdr *header;
    int fd = -1;
    ssize_t got;

    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    do {
        got = recvmsg(sock, &message, 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return -1;
    header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static int child_main(int sock, int count)
{
    char text[64];

    for (int i = 0; i < count; i++) {
        int fd = recv_fd(sock);
        ssize_t got;

        if (fd < 0)
            return 1;
        got = read(fd, text, sizeof text - 1);
        if (got < 0)
            return 1;
        text[got] = '\0';
        printf("%d: %s\n", i, text);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int pair[2];
    int status = 0;
    pid_t child;

    if (argc < 2)
        return 2;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        perror("socketpair");
        return 1;
    }
    child = fork();
    if (child == 0) {
        close(pair[0]);
        exit(child_main(pair[1], argc - 1));
    }
    close(pair[1]);
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || send_fd(pair[0], fd) < 0)
            perror(argv[i]);
        close(fd);
    }
    close(pair[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
