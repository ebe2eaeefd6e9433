#include <systemd/sd-varlink.h>

int serve(sd_varlink_server *server)
{
    return sd_varlink_server_listen_address(server, "/run/example/run", 0666); // expect: LS101
}
