#include <algorithm>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

class Address {
public:
    void name(const std::string &path)
    {
        std::memcpy(m_address.sun_path, path.data(), std::clamp<size_t>(path.size(), 0, 107));
    }

    void rename(const std::string &path)
    {
        auto length = path.length();
        if (length > sizeof m_address.sun_path - 1)
            length = sizeof m_address.sun_path - 1;
        path.copy(m_address.sun_path, length);
    }

    int connect_by(int fd) const
    {
        return connect(fd, reinterpret_cast<const sockaddr *>(&m_address), sizeof m_address);
    }

private:
    sockaddr_un m_address{};
};

int reach(int fd, const std::string &first, const std::string &then)
{
    Address address;
    address.name(first);
    address.rename(then);
    return address.connect_by(fd);
}
