#include "serverthread.h"
#include "socketfactory.h"

int main()
{
    ServerThread server("exchange");
    server.start();
    SocketFactory factory("exchange", 10);
    if (!factory.connectAll())
        return 1;
    factory.startAll("p");
    server.wait();
    return 0;
}
