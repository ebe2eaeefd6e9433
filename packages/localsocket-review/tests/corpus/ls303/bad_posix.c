#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t receive(int fd, char *buffer, size_t size)
{
    for (;;) {
        ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT);
        if (count >= 0 || errno != EAGAIN)
            return count;
        usleep(1000); // expect: LS303
    }
}
