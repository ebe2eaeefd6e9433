#include <sys/socket.h>
#include <unistd.h>

int await_byte(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        usleep(20000); // expect: LS303
    return 0;
}
