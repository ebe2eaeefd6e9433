/* `setting->line` is one of the settings: a macro declares it, and it is not the `line` that the peer sent. */
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

    snprintf(command, sizeof command, "command -v %s", setting->line);
    return system(command);
}
