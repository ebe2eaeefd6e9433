#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int serve(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, "/tmp/notes-XXXXXX");
    int made = mkstemp(address.sun_path);
    if (made < 0)
        return -1;
    close(made);
    remove(address.sun_path);
    return bind(fd, (struct sockaddr *)&address, sizeof address); // expect: LS124
}
