/* `line` is what the peer sent, and is run. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char line[200];

int read_setting(int fd)
{
    return (int)read(fd, line, sizeof line - 1);
}

SETTING_HANDLER(lamp_program)
{
    char command[300];

    snprintf(command, sizeof command, "command -v %s", line);
    return system(command); /* expect: LS109 */
}
