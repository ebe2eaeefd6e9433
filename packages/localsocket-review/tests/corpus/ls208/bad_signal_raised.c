#include <signal.h>
#include <string.h>
#include <sys/socket.h>

void hear(int client, void (*use)(const char *))
{
    char line[200];
    for (;;) {
        ssize_t came = recv(client, line, sizeof line - 1, 0); // expect: LS208
        if (came < 0)
            raise(SIGTERM);
        line[came < 0 ? 0 : came] = 0;
        use(line);
    }
}
