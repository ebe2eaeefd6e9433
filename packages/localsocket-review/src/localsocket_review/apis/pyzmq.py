"""pyzmq, whose `ipc://` endpoints are local sockets."""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

_SOCKET = "zmq.Socket"

APIS: tuple[Api, ...] = (
    api("zmq.Context", Act.CONSTRUCT, "zmq.Context"),
    api("zmq.Context.instance", Act.CONSTRUCT, "zmq.Context"),
    api("zmq.asyncio.Context", Act.CONSTRUCT, "zmq.Context"),
    api("zmq.Context.socket", Act.CONSTRUCT, _SOCKET),
    api(f"{_SOCKET}.bind", Act.BIND | Act.LISTEN, endpoint=(0, "addr")),
    api(f"{_SOCKET}.connect", Act.CONNECT, endpoint=(0, "addr")),
    api(f"{_SOCKET}.recv", Act.RECEIVE | Act.WAIT, "bytes"),
    api(f"{_SOCKET}.recv_string", Act.RECEIVE | Act.WAIT, "str", is_told_by_name=True),
    api(f"{_SOCKET}.recv_json", Act.RECEIVE | Act.WAIT, "object", is_told_by_name=True),
    api(f"{_SOCKET}.recv_multipart", Act.RECEIVE | Act.WAIT, "list", is_told_by_name=True),
    api(f"{_SOCKET}.recv_pyobj", Act.RECEIVE | Act.UNPICKLE | Act.WAIT, "object", is_told_by_name=True),
    api(f"{_SOCKET}.recv_serialized", Act.RECEIVE | Act.WAIT, "object", is_told_by_name=True),
    api(f"{_SOCKET}.send", Act.SEND, data=0),
    api(f"{_SOCKET}.send_pyobj", Act.SEND, data=0, is_told_by_name=True),
    api(f"{_SOCKET}.close", Act.CLOSE),
)

BASES: dict[str, tuple[str, ...]] = {"zmq.asyncio.Socket": (_SOCKET,), "zmq.green.Socket": (_SOCKET,)}
