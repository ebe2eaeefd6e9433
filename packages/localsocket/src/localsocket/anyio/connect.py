"""Connecting with a deadline, and taking over connections that exist."""

from __future__ import annotations

import os

import anyio
import anyio.lowlevel

from localsocket.anyio.local_socket import LocalSocket
from localsocket.awaited.opening import Opening
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode
from localsocket.keywords import known_keywords
from localsocket.sockets.connection import Connection
from localsocket.sockets.connector import CONNECT_TIMEOUT, Connector


@known_keywords
def connect(
    address: str | os.PathLike[str],
    *,
    timeout: float | None = CONNECT_TIMEOUT,
    wait_for_server: bool = False,
    allow_server: AllowedUsers = SAME_USER,
    mode: OpenMode = "rw",
    limits: Limits = DEFAULT_LIMITS,
) -> Opening[LocalSocket]:
    """Connect to the server at `address`, check which user it belongs to, and return the socket.

    Await it or enter it. Parameters and errors are those of localsocket.connect(). If cancelled, it leaves nothing
    behind.
    """
    connector = Connector(
        LocalSocket,
        address,
        timeout=timeout,
        wait_for_server=wait_for_server,
        allow_server=allow_server,
        mode=mode,
        limits=limits,
    )
    return Opening(_connect(connector))


@known_keywords
def pair(*, limits: Limits = DEFAULT_LIMITS) -> tuple[LocalSocket, LocalSocket]:
    """Return two sockets connected to each other, as socketpair(2) makes them."""
    return LocalSocket.pair(limits=limits)


def adopt(socket: Connection) -> LocalSocket:
    """Take over the connection of another socket, of any API, with all data that is read ahead or unsent.

    `socket` counts as closed from then on. Raises Busy, and changes nothing, while a transaction is open on it or a
    call is waiting on it. If another thread uses it, tell that thread that it is gone.
    """
    return LocalSocket.adopt(socket)


async def _connect(connector: Connector[LocalSocket]) -> LocalSocket:
    await anyio.lowlevel.checkpoint()
    while (socket := connector.attempt()) is None:
        await anyio.sleep(connector.next_pause())
    return socket
