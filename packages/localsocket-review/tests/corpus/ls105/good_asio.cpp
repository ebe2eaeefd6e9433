#include <boost/asio.hpp>

using boost::asio::local::stream_protocol;

static const char shop[] = "/run/user/1000/kiosk-shop";

void openShop(boost::asio::io_context &io)
{
    stream_protocol::acceptor acceptor(io, stream_protocol::endpoint(shop));
    acceptor.listen();
}

void enter(boost::asio::io_context &io)
{
    boost::asio::local::stream_protocol::socket socket(io);
    stream_protocol::endpoint own(shop);
    socket.connect(own);
}
