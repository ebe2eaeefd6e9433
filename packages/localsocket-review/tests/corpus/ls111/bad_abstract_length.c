#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int dial(int fd)
{
    struct sockaddr_un server = {.sun_family = AF_UNIX};
    memcpy(server.sun_path, "\0notes", 6);
    return connect(fd, (struct sockaddr *)&server, sizeof server); // expect: LS104, LS111
}

int dial_by_size(int fd)
{
    struct sockaddr_un server;
    socklen_t size = sizeof(struct sockaddr_un);
    memset(&server, 0, sizeof server);
    server.sun_family = AF_UNIX;
    strcpy(&server.sun_path[1], "notes");
    return connect(fd, (struct sockaddr *)&server, size); // expect: LS104, LS111
}
