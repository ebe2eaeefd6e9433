#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

static int method_run(sd_bus_message *message, void *data, sd_bus_error *error)
{
    const char *command;
    int result = sd_bus_message_read(message, "s", &command);
    if (result < 0)
        return result;
    if (strcmp(command, "status") == 0)
        system(command);
    return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Run", "s", "", method_run, 0),
    SD_BUS_VTABLE_END
};
