/* Counts events that local clients send; one line in, one number out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 5
#define LINE_MAX_LEN 256

static unsigned long counter;
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

static int open_server(const char *path, int backlog)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("bind");
        return -1;
    }
    if (chmod(path, 0666) < 0)
        perror("chmod");
    if (listen(fd, backlog) < 0) {
        perror("listen");
        close(fd);
        return -1;
    }
    return fd;
}

static void serve_client(int client)
{
    char line[LINE_MAX_LEN];
    char reply[32];
    ssize_t got;

    while ((got = read(client, line, sizeof line)) > 0) {
        if (memchr(line, '\n', (size_t)got) == NULL)
            continue;
        counter++;
        int length = snprintf(reply, sizeof reply, "%lu\n", counter);
        write(client, reply, (size_t)length);
    }
    if (got < 0)
        perror("read");
    close(client);
}

int main(int argc, char **argv)
{
    struct sigaction action;
    const char *path = argc > 1 ? argv[1] : "/tmp/metrics.sock";
    int server;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_term;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    server = open_server(path, BACKLOG);
    if (server < 0)
        return EXIT_FAILURE;
    while (!stop) {
        int client = accept(server, NULL, NULL);
        if (client < 0) {
            if (errno == EINTR)
                continue;
            perror("accept");
            break;
        }
        serve_client(client);
    }
    close(server);
    unlink(path);
    return EXIT_SUCCESS;
}
