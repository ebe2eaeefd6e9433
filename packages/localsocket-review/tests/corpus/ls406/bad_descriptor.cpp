#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

class Channel
{
public:
    explicit Channel(const sockaddr_un &address)
    {
        m_descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (m_descriptor < 0 || ::connect(m_descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0)
            m_is_open = false;
    }

    bool isOpen() const { return m_is_open; }

private:
    int m_descriptor = -1; // expect: LS406
    bool m_is_open = true;
};
