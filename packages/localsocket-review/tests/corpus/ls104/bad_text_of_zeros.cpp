#include <cstddef>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

bool publish(int fd)
{
    const std::string name = std::string(1, '\0') + "weather";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size() < 100 ? name.size() : 100);
    return ::bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0; // expect: LS104, LS111
}
