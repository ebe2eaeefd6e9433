#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

class Narrow
{
public:
    explicit Narrow(int fd) { ::fchmod(fd, 0600); }
};

bool take(int fd, const sockaddr_un &name)
{
    const Narrow narrow(fd);
    return ::bind(fd, reinterpret_cast<const sockaddr *>(&name), sizeof name) == 0;
}
