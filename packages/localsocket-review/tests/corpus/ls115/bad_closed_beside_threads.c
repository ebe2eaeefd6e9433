/* Asks whether somebody serves the name, while a thread may be starting a program. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0); // expect: LS115
    if (fd < 0)
        return 0;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return errno == EACCES;
    }
    close(fd);
    return 1;
}

static void *refresh(void *unused)
{
    while (system("/usr/sbin/lamp-refresh") == 0)
        sleep(60);
    return unused;
}

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/lamps/socket"};

    pthread_t refreshing;

    if (pthread_create(&refreshing, NULL, refresh, NULL) != 0)
        return 1;
    while (!is_served(&address))
        sleep(1);
    return 0;
}
