#include "lamp.h"

#include <stdlib.h>
#include <unistd.h>

static void run(const char *program)
{
    if (fork() == 0)
        _exit(system(program));
}

int main(int count, char **arguments)
{
    int lamp = lamp_socket(), server = socket(AF_UNIX, SOCK_STREAM, 0); // expect: LS115
    if (count > 1 && lamp >= 0)
        run(arguments[1]);
    return accept(server, NULL, NULL); // after it, nothing is started
}
