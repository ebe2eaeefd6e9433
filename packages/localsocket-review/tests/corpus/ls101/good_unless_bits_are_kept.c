#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct panel {
    struct sockaddr_un address;
    int server;
};

int begin(struct panel *panel)
{
    return bind(panel->server, (struct sockaddr *)&panel->address, sizeof panel->address);
}

/* Shows in the mode whether the panel is in use: whoever may read it, sees an x there. */
int mark(const struct panel *panel, int in_use)
{
    struct stat found;

    if (stat(panel->address.sun_path, &found) < 0)
        return -1;
    mode_t wanted = found.st_mode & 07777;
    wanted &= ~0111u;
    if (in_use)
        wanted |= (wanted & 0444) >> 2;
    return chmod(panel->address.sun_path, wanted);
}
