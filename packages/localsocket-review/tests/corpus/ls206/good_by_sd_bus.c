#include <systemd/sd-bus.h>

static int method_wait(sd_bus_message *message, void *data, sd_bus_error *error)
{
    return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Wait", "", "", method_wait, 0),
    SD_BUS_VTABLE_END
};
