#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void run(const char *what)
{
    char command[256];
    snprintf(command, sizeof command, "logger %s", what);
    system(command); // expect: LS109
}

void serve(int listener)
{
    char line[128];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t length = recv(fd, line, sizeof line - 1, 0);
    if (length <= 0) {
        close(fd);
        return;
    }
    line[length] = '\0';
    run(line);
    FILE *file = fopen(line, "r"); // expect: LS109
    if (file)
        fclose(file);
    close(fd);
}
