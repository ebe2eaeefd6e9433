#include "watching.h"

#include <unistd.h>

struct loop {
    int inotify_fd;
    int changes;
};

int begin(struct loop *loop)
{
    loop->inotify_fd = watching_begin();
    return loop->inotify_fd;
}

void drain(struct loop *loop, char *events, size_t room)
{
    while (room > 0) {
        ssize_t size = read(loop->inotify_fd, events, room);
        if (size < 0)
            return;
        loop->changes++;
    }
}
