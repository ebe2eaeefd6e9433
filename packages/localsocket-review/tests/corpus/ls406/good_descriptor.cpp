#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

class Channel
{
public:
    explicit Channel(const sockaddr_un &address)
    {
        m_descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (m_descriptor < 0 || ::connect(m_descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0)
            m_is_open = false;
    }

    ~Channel() { shut(); } // guard

    bool isOpen() const { return m_is_open; }

private:
    void shut()
    {
        if (m_descriptor >= 0)
            ::close(m_descriptor);
    }

    int m_descriptor = -1;
    bool m_is_open = true;
};
