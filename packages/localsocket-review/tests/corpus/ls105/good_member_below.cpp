// The member stands below the constructor that makes it, as it mostly does.
#include <boost/asio.hpp>
#include <cstdlib>
#include <string>

using boost::asio::local::stream_protocol;

class Door {
public:
    explicit Door(boost::asio::io_context &context)
        : m_acceptor(context, stream_protocol::endpoint(std::string(std::getenv("XDG_RUNTIME_DIR")) + "/door.sock"))
    {
    }

private:
    stream_protocol::acceptor m_acceptor;
};

int main()
{
    boost::asio::io_context context;
    Door door(context);
    context.run();
}
