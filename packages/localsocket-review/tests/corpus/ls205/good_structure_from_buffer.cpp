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
        const ssize_t count = ::recv(m_fd, bytes, sizeof bytes, 0);
        if (count <= 0)
            return false;
        m_waiting.append(bytes, size_t(count));
        if (m_waiting.size() < sizeof order)
            return false;
        std::memcpy(&order, m_waiting.data(), sizeof order);
        m_waiting.erase(0, sizeof order);
        return true;
    }

private:
    int m_fd = -1;
    std::string m_waiting;
};
