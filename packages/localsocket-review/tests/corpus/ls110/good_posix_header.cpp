#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <sys/socket.h>
#include <vector>

struct Header {
    uint32_t length;
    uint32_t kind;
};

constexpr uint32_t kMaximum = 65536;

std::vector<char> message(int fd)
{
    Header header;
    if (recv(fd, &header, sizeof(header), MSG_WAITALL) != sizeof(header))
        return {};
    const uint32_t length = ntohl(header.length);
    if (length > kMaximum) // guard
        return {}; // guard
    std::vector<char> data(length);
    return data;
}

char *text(int fd)
{
    uint32_t size = 0;
    if (recv(fd, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return nullptr;
    return size < kMaximum ? static_cast<char *>(malloc(size + 1)) : nullptr;
}
