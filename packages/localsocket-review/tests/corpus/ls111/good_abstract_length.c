#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int dial(int fd)
{
    struct sockaddr_un server = {.sun_family = AF_UNIX};
    memcpy(server.sun_path, "/run/notes", 11);
    return connect(fd, (struct sockaddr *)&server, sizeof server);
}

int dial_by_size(int fd, struct ucred *who)
{
    struct sockaddr_un server;
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen("notes");
    memset(&server, 0, sizeof server);
    server.sun_family = AF_UNIX;
    strcpy(&server.sun_path[1], "notes");
    if (connect(fd, (struct sockaddr *)&server, size) < 0)
        return -1;
    size = sizeof *who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size);
}
