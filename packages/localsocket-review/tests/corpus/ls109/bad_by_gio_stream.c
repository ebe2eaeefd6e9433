#include <gio/gio.h>
#include <stdlib.h>

static gboolean welcome(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
    char command[256];
    GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    gssize count = g_input_stream_read(input, command, sizeof(command) - 1, NULL, NULL);
    if (count > 0) {
        command[count] = '\0';
        system(command); // expect: LS109
    }
    return TRUE;
}
