#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/example/lamp"};
    int lamp = socket(AF_UNIX, SOCK_SEQPACKET, 0); /* expect: LS115 */

    return connect(lamp, (struct sockaddr *)&address, sizeof address) != 0 || send(lamp, "on", 2, 0) != 2;
}
