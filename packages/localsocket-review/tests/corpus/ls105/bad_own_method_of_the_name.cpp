#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

using namespace std::literals;

constexpr auto place = "/tmp/clock/door"sv;

class Clock
{
public:
    explicit Clock(int fd) : m_fd(fd) {}

    bool connect()
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        place.copy(address.sun_path, sizeof address.sun_path - 1);
        return ::connect(m_fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0; // expect: LS105
    }

private:
    int m_fd = -1;
};
