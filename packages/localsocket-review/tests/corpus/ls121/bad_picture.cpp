#include <cstdint>
#include <cstdlib>
#include <sys/socket.h>

struct Size {
    uint32_t width;
    uint32_t height;
};

void *picture(int client)
{
    Size size{};
    if (recv(client, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return nullptr;
    return std::malloc(size.width * size.height * 4); // expect: LS110, LS121
}
