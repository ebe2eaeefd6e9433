/* The program's own report() takes a format and hands it to vsnprintf. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void report(const char *format, ...)
{
    char line[512];
    va_list given;

    va_start(given, format);
    vsnprintf(line, sizeof line, format, given); /* expect: LS119 */
    va_end(given);
    fputs(line, stderr);
}

void hear(int client)
{
    char text[128];
    ssize_t came = recv(client, text, sizeof text - 1, MSG_WAITALL);

    if (came <= 0) {
        report("client %d has gone\n", client);
        return;
    }
    text[came] = '\0';
    report(text);
}
