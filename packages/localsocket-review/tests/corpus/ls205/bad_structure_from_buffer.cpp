#include <cstring>
#include <string>
#include <sys/socket.h>

struct Order {
    int kind;
    int amount;
};

class Orders
{
public:
    explicit Orders(int fd) : m_fd(fd) {}

    bool next(Order &order)
    {
        char bytes[256];
        const ssize_t count = ::recv(m_fd, bytes, sizeof bytes, 0); // expect: LS205, LS207
        if (count <= 0)
            return false;
        std::memcpy(&order, bytes, sizeof order);
        return true;
    }

private:
    int m_fd = -1;
};
