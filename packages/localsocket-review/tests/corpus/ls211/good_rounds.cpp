#include <sys/socket.h>
#include <unistd.h>

class Greeter {
public:
    explicit Greeter(int listener) : m_listener(listener) {}
    void run();
    bool greet();

private:
    int m_listener;
};

void Greeter::run()
{
    int on = 1;
    for (;;) {
        const int client = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0)
            break;
        if (::setsockopt(client, SOL_SOCKET, SO_RCVBUF, &on, sizeof on) == 0)
            ::shutdown(client, SHUT_RD);
        ::close(client);
    }
}

bool Greeter::greet()
{
    const int client = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
        return false;
    const bool sent = ::send(client, "!", 1, MSG_NOSIGNAL) == 1;
    ::close(client);
    return sent;
}
