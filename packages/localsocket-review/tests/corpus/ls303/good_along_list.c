#include <sys/socket.h>
#include <unistd.h>

struct button {
    struct button *next;
    int down;
};

void press_all(struct button *each, int client)
{
    while (each != NULL) {
        if (each->down) {
            send(client, "d", 1, 0);
            usleep(2000);
            send(client, "u", 1, 0);
        }
        each = each->next;
    }
}
