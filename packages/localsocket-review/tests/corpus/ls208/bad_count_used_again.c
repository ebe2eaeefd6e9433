/* One variable tells of the wait, and of the read. */
#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

int read_header(int fd, char *header)
{
    struct pollfd watched = {fd, POLLIN, 0};
    int have = 0;
    while (have < 4) {
        ssize_t told = poll(&watched, 1, 4000);
        if (told <= 0)
            return -1;
        told = read(fd, header + have, 4 - have); // expect: LS208
        if (told < 0)
            return -1;
        have += told;
    }
    return 0;
}
