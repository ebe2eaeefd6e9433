#include <gio/gio.h>
#include <stdlib.h>

static gboolean welcome(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
    char command[256];
    GSocket *socket = g_socket_connection_get_socket(connection);
    gssize count = g_socket_receive(socket, command, sizeof(command) - 1, NULL, NULL);
    if (count > 0) {
        command[count] = '\0';
        system("date");
    }
    return TRUE;
}

void serve(GSocketService *service)
{
    g_signal_connect(service, "incoming", G_CALLBACK(welcome), NULL);
    g_socket_service_start(service);
}
