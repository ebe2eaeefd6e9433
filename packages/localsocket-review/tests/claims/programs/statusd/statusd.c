#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH "/tmp/statusd.sock"
#define BUFFER_SIZE 256
#define BACKLOG 8
#define MAX_CLIENTS 64

struct request {
    unsigned int length;
    char command[BUFFER_SIZE];
};

static int running = 1;
static int requests_served;

static void log_error(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
}

static int open_server(const char *path)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        log_error("socket");
        return -1;
    }
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        log_error("bind");
        return -1;
    }
    chmod(path, 0666);
    listen(fd, BACKLOG);
    return fd;
}

static void handle_client(int client)
{
    struct request request;
    char reply[BUFFER_SIZE];
    if (recv(client, &request.length, sizeof(request.length), 0) <= 0) {
        close(client);
        return;
    }
    recv(client, request.command, request.length, 0);
    snprintf(reply, sizeof(reply), "echo: %s", request.command);
    send(client, reply, strlen(reply), 0);
    requests_served++;
    close(client);
}

static void run_command(const char *command)
{
    system(command);
}

static void unused_helper(int value)
{
    printf("%d\n", value);
}

int main(void)
{
    int server = open_server(SOCKET_PATH);
    if (server < 0)
        return 1;
    while (running) {
        int client = accept(server, NULL, NULL);
        if (client < 0)
            continue;
        handle_client(client);
    }
    close(server);
    printf("served %d\n", requests_served);
    return 0;
}
