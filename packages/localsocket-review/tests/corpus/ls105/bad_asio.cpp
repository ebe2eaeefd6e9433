#include <boost/asio.hpp>

using boost::asio::local::stream_protocol;

static const char shop[] = "/tmp/kiosk-shop";

void openShop(boost::asio::io_context &io)
{
    stream_protocol::acceptor acceptor(io, stream_protocol::endpoint(shop)); // expect: LS102, LS105
    acceptor.listen();
}

void enter(boost::asio::io_context &io)
{
    boost::asio::local::stream_protocol::socket socket(io);
    stream_protocol::endpoint own(shop);
    socket.connect(own); // expect: LS105
}
