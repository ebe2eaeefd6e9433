#include <string.h>
#include <sys/socket.h>

static char buffer[4096];
static char *at = buffer;

struct line {
    char *place, *end;
};

int more(int client, struct line *line)
{
    ssize_t came = recv(client, at, buffer + sizeof buffer - at, 0);
    if (came > 0)
        at += came;
    char *end = memchr(buffer, ';', at - buffer);
    came = recv(client, line->place, line->end - line->place, 0);
    return came > 0 && end != NULL;
}
