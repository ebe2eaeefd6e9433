#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
int serve(void)
{
    struct stat st;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char directory[64];
    snprintf(directory, sizeof directory, "/tmp/app-%d", (int)getuid());
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return -1;
    if (lstat(directory, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077) != 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, "control");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}
