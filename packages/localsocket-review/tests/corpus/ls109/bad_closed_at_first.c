#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int run(const char *path, int client)
{
    char line[100], answer[100];
    int fd = -1;
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 || read(fd, line, sizeof line) != sizeof line) {
        if (fd != -1)
            close(fd);
        return -1;
    }
    close(fd);
    if (recv(client, answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer[0] != 'y')
        return -1;
    return system(answer); // expect: LS109
}
