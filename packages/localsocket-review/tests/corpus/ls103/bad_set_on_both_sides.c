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
    if (bind(fd, (struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    if (is_root)
        chmod(address->sun_path, 0600); // expect: LS103
    else
        chmod(address->sun_path, 0700); // expect: LS103
    if (listen(fd, 8) != 0)
        return -1;
    if (is_managed)
        close_for_management(address->sun_path);
    return 0;
}
