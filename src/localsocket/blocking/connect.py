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
from localsocket.endpoint.fork_safety import no_fork_meanwhile
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
    connector = Connector(
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


class Connector:
    """One connection in the making, for whoever waits between the attempts; parameters as of connect()."""

    def __init__(
        self,
        address: str | os.PathLike[str],
        *,
        timeout: float | None = CONNECT_TIMEOUT,
        wait_for_server: bool = False,
        allow_server: AllowedUsers = SAME_USER,
        mode: OpenMode = "rw",
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._deadline = Deadline(timeout)
        self._wait_for_server = wait_for_server
        self._allow_server = check_allowed_users(allow_server, "allow_server")
        check_mode(mode)
        self._mode: OpenMode = mode
        self._limits = limits
        self._endpoint = parse_address(address)
        self._pause = _FIRST_PAUSE

    def next_pause(self) -> float:
        """Return the seconds to wait before the next attempt: longer each time, never past the deadline."""
        remaining = self._deadline.remaining()
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause if remaining is None else min(pause, remaining)

    def attempt(self) -> LocalSocket | None:
        """Connect now, or return None when another attempt may succeed; raises what connect() raises."""
        address = self._endpoint.address
        try:
            with no_fork_meanwhile():
                sock, peer = try_connect(self._endpoint, self._allow_server)
                return LocalSocket(sock, address=address, peer=peer, mode=self._mode, limits=self._limits)
        except (ServerBusy, ServerNotFound, ServerRefused) as reason:
            if not (self._wait_for_server or isinstance(reason, ServerBusy)):
                raise
            if self._deadline.has_passed():
                raise self._deadline.error(f"connecting to {address!r}") from reason
            return None


def pair(*, limits: Limits = DEFAULT_LIMITS) -> tuple[LocalSocket, LocalSocket]:
    """Return two sockets connected to each other, as socketpair(2) makes them."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for end in ends:
        end.setblocking(False)
    first, second = (LocalSocket(end, address="", peer=read_credentials(end), limits=limits) for end in ends)
    return first, second
