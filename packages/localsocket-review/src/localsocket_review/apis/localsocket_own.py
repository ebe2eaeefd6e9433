"""This library's own calls, which take names, check peers and keep limits by themselves."""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

_SOCKET = "localsocket.LocalSocket"

APIS: tuple[Api, ...] = (
    api("localsocket.listen", Act.LISTEN, "localsocket.LocalServer"),
    api("localsocket.connect", Act.CONNECT, _SOCKET),
    api("localsocket.pair", Act.CONSTRUCT, (_SOCKET, _SOCKET)),
    api("localsocket.LocalServer.accept", Act.ACCEPT | Act.WAIT, _SOCKET),
    api(f"{_SOCKET}.read_line", Act.RECEIVE | Act.WAIT, "bytes", is_told_by_name=True),
    api(f"{_SOCKET}.read_exactly", Act.RECEIVE | Act.WAIT, "bytes", is_told_by_name=True),
    api(f"{_SOCKET}.read_available", Act.RECEIVE, "bytes", is_told_by_name=True),
    api(f"{_SOCKET}.write", Act.SEND, data=0),
    api(f"{_SOCKET}.close", Act.CLOSE),
)

CALLBACKS: dict[str, tuple[str, ...]] = {"localsocket.Handler.ready_read": (_SOCKET,)}
