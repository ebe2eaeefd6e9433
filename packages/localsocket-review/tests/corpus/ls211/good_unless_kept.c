#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct server { int fd; int clients[8]; int count; };

static int mark(int fd)
{
    return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
}

int open_server(struct server *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    server->fd = fd;
    return mark(fd);
}

int take(struct server *server)
{
    int client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return -1;
    if (server->count == 8) {
        close(client);
        return -1;
    }
    server->clients[server->count++] = client;
    return 0;
}

int hold(const char *path)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0 ? -1 : 0;
}

int give(const struct sockaddr_un *address, int *result)
{
    int done = -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto out;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        goto out;
    *result = fd;
    done = 0;
out:
    if (done < 0 && fd >= 0)
        close(fd);
    return done;
}

int by_attribute(const struct sockaddr_un *address)
{
    __attribute__((cleanup(close_pointed))) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return -1;
    return mark(fd);
}

int by_attribute_above(const struct sockaddr_un *address)
{
    __attribute__((cleanup(close_pointed)))
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return -1;
    return mark(fd);
}

int ends_there(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        err(EXIT_FAILURE, "cannot connect");
    return fd;
}

int wait_a_moment(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    int found = poll(&one, 1, 100);
    close(fd);
    return found;
}

void stand_aside(int quiet)
{
    int fd;
    if (!quiet && (fd = open("/dev/null", O_RDWR)) != -1) {
        dup2(fd, STDIN_FILENO);
        if (fd > STDERR_FILENO)
            close(fd);
    }
}

int main(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 || mark(fd) < 0;
}
