#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <sys/socket.h>
#include <vector>

struct Header {
    uint32_t length;
    uint32_t kind;
};

std::vector<char> message(int fd)
{
    Header header;
    if (recv(fd, &header, sizeof(header), MSG_WAITALL) != sizeof(header))
        return {};
    std::vector<char> data(ntohl(header.length)); // expect: LS110
    return data;
}

char *text(int fd)
{
    uint32_t size = 0;
    if (recv(fd, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return nullptr;
    return static_cast<char *>(malloc(size + 1)); // expect: LS110
}
