"""Connecting with a deadline."""

from __future__ import annotations

import os
import socket
import time
from typing import TypedDict

from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import Deadline
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.connecting import try_connect
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, check_allowed_users, read_credentials
from localsocket.errors import ServerBusy, ServerNotFound, ServerRefused
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, check_mode

CONNECT_TIMEOUT = 30.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02


class ConnectOptions(TypedDict, total=False):
    """The keyword arguments of connect()."""

    timeout: float | None
    wait_for_server: bool
    allow_server: AllowedUsers
    mode: OpenMode
    limits: Limits


def connect(
    address: str | os.PathLike[str],
    *,
    timeout: float | None = CONNECT_TIMEOUT,
    wait_for_server: bool = False,
    allow_server: AllowedUsers = SAME_USER,
    mode: OpenMode = "rw",
    limits: Limits = DEFAULT_LIMITS,
) -> LocalSocket:
    """Connect to the server at `address` and return the socket, once the server is known to be who it should be.

    A full accept queue is waited out, on a fresh socket each time; `wait_for_server` also waits for a server that is
    not there yet. Who listens is checked before the first byte: `allow_server` is SAME_USER (this user or root),
    ANY_USER, or a collection of uids. `mode` "r" or "w" restricts the direction; with "w", what arrives is dropped.

    Raises DeadlinePassed when `timeout` seconds are over, ServerNotFound, ServerRefused, AccessDenied, PeerRefused,
    InvalidAddress, InsecureDirectory, BrokenEndpoint. Any thread may call.
    """
    deadline = Deadline(timeout)
    allow_server = check_allowed_users(allow_server, "allow_server")
    check_mode(mode)
    endpoint = parse_address(address)
    pause = _FIRST_PAUSE
    while True:
        try:
            sock, peer = try_connect(endpoint, allow_server)
        except ServerBusy as busy:
            reason: OSError = busy
        except (ServerNotFound, ServerRefused) as absent:
            if not wait_for_server:
                raise
            reason = absent
        else:
            return LocalSocket(sock, address=endpoint.address, peer=peer, mode=mode, limits=limits)
        if deadline.has_passed():
            raise deadline.error(f"connecting to {endpoint.address!r}") from reason
        remaining = deadline.remaining()
        time.sleep(pause if remaining is None else min(pause, remaining))
        pause = min(pause * 2, _LONGEST_PAUSE)


def pair(*, limits: Limits = DEFAULT_LIMITS) -> tuple[LocalSocket, LocalSocket]:
    """Return two sockets connected to each other, as socketpair(2) makes them."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for end in ends:
        end.setblocking(False)
    first, second = (LocalSocket(end, address="", peer=read_credentials(end), limits=limits) for end in ends)
    return first, second
