#include <algorithm>
#include <cstring>
#include <string>
#include <sys/un.h>

class Address
{
public:
    explicit Address(const std::string &path)
    {
        m_address.sun_family = AF_UNIX;
        std::strcpy(m_address.sun_path, path.c_str()); // expect: LS111
    }

    void assign(const std::string &path)
    {
        std::memcpy(m_address.sun_path, path.data(), path.size() + 1); // expect: LS111
    }

    void copy(const std::string &path)
    {
        std::copy(path.begin(), path.end(), m_address.sun_path); // expect: LS111
    }

private:
    sockaddr_un m_address{};
};
