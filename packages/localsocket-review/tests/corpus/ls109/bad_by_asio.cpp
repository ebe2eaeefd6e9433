#include <boost/asio.hpp>
#include <cstdlib>

using boost::asio::local::stream_protocol;

void serve(stream_protocol::socket &client)
{
    char command[256];
    const std::size_t count = client.read_some(boost::asio::buffer(command, sizeof(command) - 1));
    command[count] = '\0';
    std::system(command); // expect: LS109
}
