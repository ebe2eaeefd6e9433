#include <stdlib.h>
#include <systemd/sd-bus.h>

static int method_run(sd_bus_message *message, void *data, sd_bus_error *error)
{
    const char *command;
    int result = sd_bus_message_read(message, "s", &command);
    if (result < 0)
        return result;
    system(command); // expect: LS109
    return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Run", "s", "", method_run, 0),
    SD_BUS_VTABLE_END
};
