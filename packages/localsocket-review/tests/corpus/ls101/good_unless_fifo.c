#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct entrance {
    const char *path;
};

int open_queue(const struct entrance *entrance)
{
    if (mkfifo(entrance->path, 0622) != 0 || chmod(entrance->path, 0622) != 0)
        return -1;
    return open(entrance->path, O_RDONLY | O_CLOEXEC);
}

int take_name(int server, const struct sockaddr_un *address)
{
    return bind(server, (const struct sockaddr *)address, sizeof *address);
}
