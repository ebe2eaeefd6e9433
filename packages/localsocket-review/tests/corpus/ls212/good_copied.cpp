#include <cstdint>
#include <cstring>
#include <sys/socket.h>

class Packets
{
public:
    std::uint16_t next();

private:
    int m_fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
};

std::uint16_t Packets::next()
{
    char room[128];
    std::uint16_t size = 0;
    const auto came = ::recv(m_fd, room, sizeof room, 0);
    if (came < 4)
        return 0;
    memcpy(&size, room + 2, sizeof size);
    return size;
}
