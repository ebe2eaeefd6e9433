#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int serve(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/notes.sock"};
    int fd = socket(AF_UNIX, SOCK_STREAM
#ifdef SOCK_CLOEXEC
        | SOCK_CLOEXEC
#endif
        , 0);
    if (fchmod(fd, 0600
#ifdef FOR_ALL
                   | 0100
#endif
                   ) < 0 || bind(fd, (struct sockaddr *)&address,
#ifdef SUN_LEN
             SUN_LEN(&address)
#else
             sizeof address
#endif
             ) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}
