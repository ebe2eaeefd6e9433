#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void run(const char *what)
{
    if (fork() == 0)
        execl("/usr/bin/logger", "logger", "--", what, (char *)NULL);
}

void serve(int listener)
{
    char line[128];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t length = recv(fd, line, sizeof line - 1, MSG_WAITALL);
    if (length <= 0) {
        close(fd);
        return;
    }
    line[length] = '\0';
    run(line);
    FILE *file = fopen(strcmp(line, "today") == 0 ? "today.txt" : "always.txt", "r");
    if (file)
        fclose(file);
    close(fd);
}
