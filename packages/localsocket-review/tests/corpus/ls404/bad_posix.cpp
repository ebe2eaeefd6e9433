#include <string>
#include <sys/socket.h>

struct Peer
{
    int descriptor = -1;
    std::string name;
};

static void greet(Peer *peer)
{
    peer->name = "guest";
}

void welcome(int server)
{
    const int descriptor = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    Peer *peer = new Peer; // expect: LS404
    peer->descriptor = descriptor;
    greet(peer);
}
