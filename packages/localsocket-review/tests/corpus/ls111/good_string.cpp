#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/un.h>

class Address
{
public:
    explicit Address(const std::string &path)
    {
        m_address.sun_family = AF_UNIX;
        std::strncpy(m_address.sun_path, path.c_str(), sizeof(m_address.sun_path) - 1);
    }

    void assign(const std::string &path)
    {
        if (path.size() >= sizeof(m_address.sun_path))
            throw std::length_error(path);
        std::memcpy(m_address.sun_path, path.data(), path.size() + 1);
    }

    void copy(const std::string &path)
    {
        const auto size = std::min(path.size(), sizeof(m_address.sun_path) - 1);
        std::copy_n(path.begin(), size, m_address.sun_path);
    }

private:
    sockaddr_un m_address{};
};
