#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_MESSAGE 4096

static int check_peer(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -1;
    return peer.uid == getuid() ? 0 : -1;
}

static int read_exactly(int fd, void *buffer, size_t size)
{
    char *at = buffer;
    while (size > 0) {
        ssize_t count = read(fd, at, size);
        if (count == 0)
            return -1;
        if (count < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        at += count;
        size -= (size_t)count;
    }
    return 0;
}

static char *read_message(int fd, uint32_t *size)
{
    uint32_t length;
    if (read_exactly(fd, &length, sizeof(length)) < 0)
        return NULL;
    if (length > MAX_MESSAGE)
        return NULL;
    char *message = malloc(length + 1);
    if (message == NULL)
        return NULL;
    if (read_exactly(fd, message, length) < 0) {
        free(message);
        return NULL;
    }
    message[length] = '\0';
    *size = length;
    return message;
}

int vault_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    mode_t old = umask(0177);
    int result = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (result < 0 || listen(fd, 4) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void vault_serve(int server)
{
    for (;;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return;
        if (check_peer(client) == 0) {
            uint32_t size;
            char *message = read_message(client, &size);
            if (message != NULL) {
                fwrite(message, 1, size, stdout);
                free(message);
            }
        }
        close(client);
    }
}
