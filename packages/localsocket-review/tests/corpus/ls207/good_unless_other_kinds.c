/* The names tell of a terminal, of a pipe that the kernel fills at once, and of datagrams. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct key {
    int code;
    int value;
};

int next_key(int tty_fd)
{
    struct key key;
    if (read(tty_fd, &key, sizeof key) < 0)
        return -1;
    return key.code + key.value;
}

int next_order(int wake_pipe)
{
    struct key key;
    if (read(wake_pipe, &key, sizeof key) < 0)
        return -1;
    return key.code + key.value;
}

int next_change(int netlink_fd)
{
    struct key key;
    if (recv(netlink_fd, &key, sizeof key, 0) < (ssize_t)sizeof key)
        return -1;
    return key.code + key.value;
}

int connected(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}
