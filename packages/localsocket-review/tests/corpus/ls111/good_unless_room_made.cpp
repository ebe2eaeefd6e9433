#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

class Address
{
public:
    void set_path(const char *path)
    {
        const size_t length = std::strlen(path) + 1;
        set_size(offsetof(sockaddr_un, sun_path) + length);
        sockaddr_un *local = reinterpret_cast<sockaddr_un *>(m_data);
        local->sun_family = AF_LOCAL;
        memcpy(local->sun_path, path, length);
    }

    const void *data() const { return m_data; }

private:
    void set_size(size_t size)
    {
        std::free(m_data);
        m_data = std::malloc(size);
        if (m_data == nullptr)
            std::abort();
    }

    void *m_data = nullptr;
};

size_t first_byte(const char *path)
{
    Address address;
    address.set_path(path);
    return *static_cast<const unsigned char *>(address.data());
}
