#include <errno.h>
#include <sys/socket.h>

struct unsent {
    char data[512];
    size_t done, size;
};

int tell(int fd, struct unsent *unsent)
{
    while (unsent->done < unsent->size) {
        ssize_t sent =
            send(fd, unsent->data + unsent->done, unsent->size - unsent->done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                break;
            return -1;
        }
        unsent->done += (size_t)sent;
    }
    return 0;
}

ssize_t tell_some(int fd, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t sent = send(fd, data + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                break;
            return -1;
        }
        done += (size_t)sent;
    }
    return (ssize_t)done;
}
