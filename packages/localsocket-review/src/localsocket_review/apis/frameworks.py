"""Python's frameworks for servers: whom they call with what a peer sent, and what their objects give.

One table for each. `CALLBACKS` are methods of a base class, with what their parameters are; `DECORATED` are decorators
whose functions are called with what a peer sent; `MEMBERS` are what objects have, `received` for what a peer chose.
"""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

RECEIVED = "received"
_SERVE = Act.BIND | Act.LISTEN
_CHUNK = Act.RECEIVE | Act.CHUNK | Act.ENDS
_SOCKET = "socket.socket"

_ASYNCORE = (
    api("asyncore.dispatcher.bind", Act.BIND, endpoint=0),
    api("asyncore.dispatcher.listen", Act.LISTEN),
    api("asyncore.dispatcher.connect", Act.CONNECT, endpoint=0),
    api("asyncore.dispatcher.accept", Act.ACCEPT, (_SOCKET, "str")),
    api("asyncore.dispatcher.recv", _CHUNK, "bytes", size=0),
    api("asyncore.dispatcher.send", Act.SEND | Act.SHORT, "int", data=0),
    api("asyncore.dispatcher.close", Act.CLOSE),
    api("asynchat.async_chat.push", Act.SEND, data=0),
    api("asyncore.loop", Act.RUN_LOOP),
)

_TWISTED = (
    api("twisted.internet.reactor.listenUNIX", _SERVE, endpoint=(0, "address"), mode="mode"),
    api("twisted.internet.endpoints.UNIXServerEndpoint", _SERVE, endpoint=(1, "address"), mode="mode"),
    api("twisted.internet.reactor.connectUNIX", Act.CONNECT, endpoint=(0, "address")),
    api("twisted.internet.endpoints.UNIXClientEndpoint", Act.CONNECT, endpoint=(1, "path")),
    api("twisted.internet.reactor.run", Act.RUN_LOOP),
)

_TRIO = (
    api("trio.open_unix_socket", Act.CONNECT, "trio.SocketStream", endpoint=(0, "filename")),
    api("trio.socket.socket", Act.CONSTRUCT, _SOCKET),
    api("trio.SocketStream", Act.CONSTRUCT, "trio.SocketStream"),
    api("trio.SocketStream.receive_some", _CHUNK, "bytes", size=(0, "max_bytes"), is_told_by_name=True),
    api("trio.SocketStream.send_all", Act.SEND, data=0, is_told_by_name=True),
    api("trio.serve_listeners", Act.LISTEN, target=(0, "handler"), gives=("trio.SocketStream",)),
    api("trio.run", Act.RUN_LOOP),
)

_ANYIO = (
    api("anyio.create_unix_listener", _SERVE, "anyio.abc.SocketListener", endpoint=(0, "path"), mode="mode"),
    api("anyio.connect_unix", Act.CONNECT, "anyio.abc.SocketStream", endpoint=(0, "path")),
    api(
        "anyio.abc.SocketListener.serve",
        Act.LISTEN,
        target=(0, "handler"),
        gives=("anyio.abc.SocketStream",),
    ),
    api("anyio.abc.SocketStream.receive", _CHUNK, "bytes", size=(0, "max_bytes")),
    api("anyio.abc.SocketStream.send", Act.SEND, data=0),
    api("anyio.run", Act.RUN_LOOP),
)

_REQUEST = "aiohttp.web.Request"
_AIOHTTP = (
    *(
        api(f"aiohttp.web.{name}", Act.CONSTRUCT, target=1, gives=(_REQUEST,))
        for name in ("get", "post", "put", "delete", "patch", "view")
    ),
    *(
        api(f"aiohttp.web.UrlDispatcher.add_{name}", Act.CONSTRUCT, target=1, gives=(_REQUEST,), is_told_by_name=True)
        for name in ("get", "post", "put", "delete", "patch")
    ),
    api("aiohttp.web.UrlDispatcher.add_route", Act.CONSTRUCT, target=2, gives=(_REQUEST,), is_told_by_name=True),
    *(api(f"{_REQUEST}.{name}", Act.RECEIVE, "object") for name in ("text", "json", "read", "post")),
    api("aiohttp.web.UnixSite", _SERVE, endpoint=(1, "path")),
    api("aiohttp.web.run_app", _SERVE, endpoint="path", sock="sock"),
    api("uvicorn.run", _SERVE, endpoint="uds"),
)

APIS: tuple[Api, ...] = (*_ASYNCORE, *_TWISTED, *_TRIO, *_ANYIO, *_AIOHTTP)

BASES: dict[str, tuple[str, ...]] = {
    "asynchat.async_chat": ("asyncore.dispatcher",),
    "asyncore.dispatcher_with_send": ("asyncore.dispatcher",),
    "twisted.protocols.basic.LineReceiver": ("twisted.internet.protocol.Protocol",),
    "twisted.protocols.basic.LineOnlyReceiver": ("twisted.internet.protocol.Protocol",),
    "twisted.protocols.basic.NetstringReceiver": ("twisted.internet.protocol.Protocol",),
    "twisted.protocols.basic.Int32StringReceiver": ("twisted.internet.protocol.Protocol",),
    "twisted.protocols.basic.Int16StringReceiver": ("twisted.internet.protocol.Protocol",),
    "anyio.abc.SocketStream": ("anyio.abc.ByteStream",),
}

CALLBACKS: dict[str, tuple[str, ...]] = {
    "asyncore.dispatcher.handle_accepted": (_SOCKET, "str"),
    "asynchat.async_chat.collect_incoming_data": (RECEIVED,),
    "twisted.internet.protocol.Protocol.dataReceived": (RECEIVED,),
    "twisted.protocols.basic.LineReceiver.lineReceived": (RECEIVED,),
    "twisted.protocols.basic.LineReceiver.rawDataReceived": (RECEIVED,),
    "twisted.protocols.basic.LineOnlyReceiver.lineReceived": (RECEIVED,),
    "twisted.protocols.basic.NetstringReceiver.stringReceived": (RECEIVED,),
    "twisted.protocols.basic.Int32StringReceiver.stringReceived": (RECEIVED,),
    "twisted.protocols.basic.Int16StringReceiver.stringReceived": (RECEIVED,),
    "twisted.internet.protocol.DatagramProtocol.datagramReceived": (RECEIVED, "str"),
}

# Decorators, by their dotted names; behind the dot of a service, its class.
DECORATED = frozenset(
    {
        "dbus_next.service.method",
        "dbus_fast.service.method",
        "dbus_fast.service.dbus_method",
        "dbus.service.method",
        "pydbus.generic.method",
        "localsocket.Service.method",
    }
)

MEMBERS: dict[str, str] = {
    f"{_REQUEST}.query": RECEIVED,
    f"{_REQUEST}.match_info": RECEIVED,
    f"{_REQUEST}.headers": RECEIVED,
    f"{_REQUEST}.path": RECEIVED,
    f"{_REQUEST}.query_string": RECEIVED,
    f"{_REQUEST}.content": "asyncio.StreamReader",
    "asyncore.dispatcher.socket": _SOCKET,
}
