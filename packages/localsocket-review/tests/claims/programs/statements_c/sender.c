#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 512

static int opened(int kind)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        exit(3);
    return fd + kind;
}

static void served(int client)
{
    char line[CHUNK];
    while (read(client, line, sizeof line) > 0)
        write(client, line, 1);
}

int main(int argc, char **argv)
{
    int server;
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH\n", argv[0]);
        return 2;
    }
    server = opened(0);
    if (listen(server, 4) < 0)
        return 1;
    for (;;)
        served(accept(server, NULL, NULL));
}
