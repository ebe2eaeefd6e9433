#include <stdlib.h>
#include <string.h>
#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>

static int method_run(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags, void *data)
{
    const char *command = sd_json_variant_string(sd_json_variant_by_key(parameters, "command"));
    if (!command)
        return sd_varlink_error_invalid_parameter_name(link, "command");
    if (strcmp(command, "status") == 0)
        system(command);
    return sd_varlink_reply(link, NULL);
}

int serve(sd_varlink_server *server)
{
    int result = sd_varlink_server_bind_method(server, "org.example.Run", method_run);
    if (result < 0)
        return result;
    return sd_varlink_server_listen_address(server, "/run/example/run", 0600);
}
