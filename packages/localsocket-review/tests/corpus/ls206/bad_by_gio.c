#include <gio/gio.h>
#include <unistd.h>

static gboolean welcome(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
    sleep(3); // expect: LS206
    return FALSE;
}

void serve(GSocketService *service)
{
    GSocketAddress *address = g_unix_socket_address_new("/run/user/1000/slow.sock");
    g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM, 0, NULL, NULL, NULL);
    g_signal_connect(service, "incoming", G_CALLBACK(welcome), NULL);
}
