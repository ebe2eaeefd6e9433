#include <errno.h>
#include <sys/socket.h>

int tell(int fd, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t sent = send(fd, data + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL); // expect: LS207
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                break;
            return -1;
        }
        done += (size_t)sent;
    }
    return 0;
}
