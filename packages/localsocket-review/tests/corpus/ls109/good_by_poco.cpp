#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/TCPServerConnection.h>
#include <cstdlib>

class Commands : public Poco::Net::TCPServerConnection
{
public:
    explicit Commands(const Poco::Net::StreamSocket &socket) : TCPServerConnection(socket) {}

    void run() override
    {
        char command[256];
        Poco::Net::StreamSocket client = socket();
        const int count = client.receiveBytes(command, sizeof(command) - 1);
        if (count <= 0)
            return;
        command[count] = '\0';
        std::system("date");
    }
};
