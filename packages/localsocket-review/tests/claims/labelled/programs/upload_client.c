/* Sends a file to the local upload service and prints what it answers. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 8192, TIMEOUT_SECONDS = 15 };

static int verbose = 0;

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval limit = { TIMEOUT_SECONDS, 0 };
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int write_all(int fd, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t done = write(fd, next, size);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        next += done;
        size -= (size_t)done;
    }
    return 0;
}

static int send_file(int sock, const char *name)
{
    struct stat info;
    uint64_t size;
    char *buffer = malloc(CHUNK);
    int file = open(name, O_RDONLY);
    ssize_t got;

    if (file < 0 || fstat(file, &info) < 0)
        return -1;
    size = (uint64_t)info.st_size;
    if (write_all(sock, &size, sizeof size) < 0)
        return -1;
    while ((got = read(file, buffer, CHUNK)) > 0)
        if (write_all(sock, buffer, (size_t)got) < 0)
            break;
    close(file);
    free(buffer);
    return got == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    char answer[128];
    ssize_t got;
    int sock;

    if (argc != 3) {
        fprintf(stderr, "usage: %s SOCKET FILE\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    sock = connect_to(argv[1]);
    if (sock < 0) {
        perror(argv[1]);
        return 1;
    }
    if (send_file(sock, argv[2]) < 0) {
        perror(argv[2]);
        close(sock);
        return 1;
    }
    shutdown(sock, SHUT_WR);
    got = read(sock, answer, sizeof answer);
    if (got > 0)
        fwrite(answer, 1, (size_t)got, stdout);
    close(sock);
    return got > 0 ? 0 : 1;
}
