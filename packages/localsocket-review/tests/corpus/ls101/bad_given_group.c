#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int serve(int fd, const struct sockaddr_un *address, gid_t readers)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    if (lchown(address->sun_path, -1, readers) != 0)
        return -1;
    return chmod(address->sun_path, 0770); // expect: LS101
}
