#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int management_mode = 0600;

static void close_for_management(const char *path)
{
    if (chmod(path, management_mode) != 0)
        abort();
}

int serve(int fd, struct sockaddr_un *address, int is_root, int is_managed)
{
    if (fchmod(fd, is_root ? 0600 : 0700) != 0)
        return -1;
    if (bind(fd, (struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    if (listen(fd, 8) != 0)
        return -1;
    if (is_managed)
        close_for_management(address->sun_path);
    return 0;
}
