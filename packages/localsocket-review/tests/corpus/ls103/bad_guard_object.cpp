#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

class Narrow
{
public:
    explicit Narrow(mode_t mask) : m_before(::umask(mask)) {} // expect: LS103
    ~Narrow() { ::umask(m_before); }

private:
    mode_t m_before = 0;
};

bool take(int fd, const sockaddr_un &name)
{
    const Narrow narrow(077);
    return ::bind(fd, reinterpret_cast<const sockaddr *>(&name), sizeof name) == 0;
}
