/* Where the greeting fails the guest is sent away, and put in the list all the same. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
    int fd;
    struct guest *next;
    char line[64];
};

static struct guest *guests;

static void send_away(struct guest *guest)
{
    close(guest->fd);
    free(guest);
}

void welcome(int fd)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) {
        close(fd);
        return;
    }
    guest->fd = fd;
    if (recv(fd, guest->line, sizeof guest->line - 1, 0) <= 0)
        send_away(guest);
    guest->next = guests; // expect: LS117
    guests = guest;
}
