#include <cstring>
#include <sys/socket.h>
#include <vector>

class Receiver
{
public:
    explicit Receiver(int connection) : m_connection(connection) {}

    std::vector<int> descriptors()
    {
        msghdr message{};
        message.msg_control = m_control;
        message.msg_controllen = sizeof(m_control);
        message.msg_flags = 0;
        const int flags = MSG_CMSG_CLOEXEC | MSG_DONTWAIT;
        if (::recvmsg(m_connection, &message, flags) < 0) // expect: LS114
            return {};
        std::vector<int> found;
        for (cmsghdr *one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
            if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_RIGHTS)
                found.push_back(*reinterpret_cast<int *>(CMSG_DATA(one)));
        }
        return found;
    }

private:
    int m_connection;
    char m_control[CMSG_SPACE(4 * sizeof(int))];
};
