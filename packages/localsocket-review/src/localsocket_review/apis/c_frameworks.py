"""C and C++ frameworks for servers: whose calls take a name or use one. One table for each."""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

_SERVE = Act.BIND | Act.LISTEN

_LIBUV = (
    api("uv_pipe_bind", Act.BIND, endpoint=1, takes=2, reports=True),
    api("uv_pipe_bind2", Act.BIND, endpoint=1, takes=4, reports=True),
    api("uv_pipe_connect", Act.CONNECT, endpoint=2, takes=4),
    api("uv_pipe_connect2", Act.CONNECT, endpoint=2, takes=6, reports=True),
    api("uv_pipe_chmod", Act.CHMOD, takes=2),
    api("uv_listen", Act.LISTEN, takes=3, reports=True),
)

_LIBEVENT = (
    api("evconnlistener_new_bind", _SERVE, endpoint=5, takes=7),
    api("bufferevent_socket_connect", Act.CONNECT, endpoint=1, takes=3, reports=True),
)

_GIO = (
    api("g_socket_listener_add_address", _SERVE, endpoint=1, takes=7),
    api("g_socket_bind", Act.BIND, endpoint=1, takes=4),
    api("g_socket_connect", Act.CONNECT, endpoint=1, takes=4),
    api("g_socket_client_connect", Act.CONNECT, endpoint=1, takes=4),
    api("g_socket_client_connect_async", Act.CONNECT, endpoint=1, takes=5),
    api("g_dbus_server_new_sync", _SERVE, endpoint=0, takes=6),
    api("g_dbus_connection_new_for_address_sync", Act.CONNECT, endpoint=0, takes=5),
)


def _asio(protocol: str) -> tuple[Api, ...]:
    """Both of Boost's and of the one without it; an acceptor that is given an endpoint binds it at once."""
    return tuple(
        one
        for library in ("boost.asio", "asio")
        for one in (
            api(f"{library}.local.{protocol}.acceptor", _SERVE, f"{library}.local.{protocol}.acceptor", endpoint=1),
            api(f"{library}.local.{protocol}.acceptor.bind", Act.BIND, endpoint=0),
            api(f"{library}.local.{protocol}.socket", Act.CONSTRUCT, f"{library}.local.{protocol}.socket"),
            api(f"{library}.local.{protocol}.socket.bind", Act.BIND, endpoint=0),
            api(f"{library}.local.{protocol}.socket.connect", Act.CONNECT, endpoint=0),
        )
    )


_SYSTEMD = (
    api("sd_varlink_server_listen_address", _SERVE, endpoint=1, mode=2, takes=3, reports=True),
    api("sd_varlink_connect_address", Act.CONNECT, endpoint=1, takes=2, reports=True),
    api("sd_bus_set_address", Act.CONNECT, endpoint=1, takes=2, reports=True),
)

APIS: tuple[Api, ...] = (*_LIBUV, *_LIBEVENT, *_GIO, *_asio("stream_protocol"), *_asio("datagram_protocol"), *_SYSTEMD)
