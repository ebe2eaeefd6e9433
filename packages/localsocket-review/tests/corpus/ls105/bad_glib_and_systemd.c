#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <systemd/sd-varlink.h>

gboolean open_shop(GSocketService *service, GError **error)
{
    GSocketAddress *address = g_unix_socket_address_new("/tmp/kiosk-shop");
    return g_socket_listener_add_address( /* expect: LS102, LS105 */
        G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error);
}

GDBusServer *open_bus(const char *guid, GError **error)
{
    return g_dbus_server_new_sync( /* expect: LS102, LS105 */
        "unix:path=/tmp/kiosk-bus", G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, error);
}

int open_varlink(sd_varlink_server *server)
{
    return sd_varlink_server_listen_address(server, "/tmp/kiosk-varlink", 0600); /* expect: LS105 */
}
