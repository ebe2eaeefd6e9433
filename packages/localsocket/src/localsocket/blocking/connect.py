"""Connecting with a deadline."""

from __future__ import annotations

import os
import time

from localsocket.blocking.local_socket import LocalSocket
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
) -> LocalSocket:
    """Connect to the server at `address`, check which user it belongs to, and return the socket.

    If the server's accept queue is full, connect() keeps trying, with a fresh socket each time; `wait_for_server` also
    waits for a server that has not started yet. The server's user is checked before the first byte: `allow_server` is
    SAME_USER (this user or root), ANY_USER, or a collection of uids. `mode` "r" or "w" restricts the direction; with
    "w", what arrives is dropped.

    Raises DeadlinePassed when `timeout` seconds are over, ServerNotFound, ServerRefused, AccessDenied, PeerRefused,
    InvalidAddress, InsecureDirectory, BrokenEndpoint. Any thread may call.
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
    while (socket := connector.attempt()) is None:
        time.sleep(connector.next_pause())
    return socket


@known_keywords
def pair(*, limits: Limits = DEFAULT_LIMITS) -> tuple[LocalSocket, LocalSocket]:
    """Return two sockets connected to each other, as socketpair(2) makes them."""
    return LocalSocket.pair(limits=limits)


def adopt(socket: Connection) -> LocalSocket:
    """Take over the connection of another socket, of any API, with all data that is read ahead or unsent.

    `socket` counts as closed from then on. Raises Busy, and changes nothing, while a transaction is open on it or a
    call is waiting on it. Any thread may call, but for an asyncio socket only the thread of its loop.
    """
    return LocalSocket.adopt(socket)
