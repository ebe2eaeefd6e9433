#include <sys/socket.h>
#include <unistd.h>

struct Closing {
    explicit Closing(int fd) : fd(fd) {}
    ~Closing() { ::close(fd); }
    int fd;
};

bool ask(int listener)
{
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
        return false;
    const Closing closing(client);
    return ::send(client, "!", 1, MSG_NOSIGNAL) == 1;
}

bool later(int listener)
{
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
        return false;
    const auto closing = [client] { ::close(client); };
    const bool sent = ::send(client, "!", 1, MSG_NOSIGNAL) == 1;
    closing();
    return sent;
}
