"""One connection in the making: attempts that do not wait, and how long to wait between them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, Self, TypedDict, TypeVar

from localsocket.deadlines import Deadline
from localsocket.endpoint.address import Endpoint, parse_address
from localsocket.endpoint.connecting import try_connect
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, check_allowed_users
from localsocket.endpoint.fork_safety import no_fork_meanwhile
from localsocket.errors import ConnectingTimedOut, LocalSocketError, ServerBusy, ServerNotFound, ServerRefused
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, check_mode
from localsocket.sockets.connection import Connection

if TYPE_CHECKING:
    from localsocket.endpoint.daemon import Daemon
    from localsocket.endpoint.starting import Starter

CONNECT_TIMEOUT = 30.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02

Connected = TypeVar("Connected", bound=Connection)


class ConnectOptions(TypedDict, total=False):
    """The keyword arguments of connect()."""

    timeout: float | None
    wait_for_server: bool
    allow_server: AllowedUsers
    mode: OpenMode
    limits: Limits


class Connector(Generic[Connected]):
    """Makes a socket of `kind`, for whoever waits between the attempts; the other parameters as of connect().

    `start` is started where nobody serves. `waits_for_server` tells that attempts go on while there is no server. Who
    has a connector with `start` closes it when there are no more attempts, most easily by a `with` block.
    """

    def __init__(
        self,
        kind: type[Connected],
        address: str | os.PathLike[str],
        *,
        timeout: float | Deadline | None = CONNECT_TIMEOUT,
        wait_for_server: bool = False,
        allow_server: AllowedUsers = SAME_USER,
        mode: OpenMode = "rw",
        limits: Limits = DEFAULT_LIMITS,
        start: Daemon | None = None,
    ) -> None:
        self._kind = kind
        self._deadline = timeout if isinstance(timeout, Deadline) else Deadline(timeout)
        self.waits_for_server = wait_for_server or start is not None
        self._allow_server = check_allowed_users(allow_server, "allow_server")
        check_mode(mode)
        self._mode: OpenMode = mode
        self._limits = limits
        self._endpoint = parse_address(address)
        self._starter = None if start is None else _starter(self._endpoint, start)
        self._address = self._endpoint.address
        self._pause = _FIRST_PAUSE
        self.reason: LocalSocketError | None = None  # why the last attempt came to nothing

    def next_pause(self) -> float:
        """Return the seconds to wait before the next attempt: longer each time, never past the deadline."""
        remaining = self._deadline.remaining()
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause if remaining is None else min(pause, remaining)

    def attempt(self) -> Connected | None:
        """Connect now, or return None when another attempt may succeed; raises what connect() raises."""
        address = self._address
        try:
            with no_fork_meanwhile():
                sock, peer = try_connect(self._endpoint, self._allow_server)
                connected = self._kind(sock, address=address, peer=peer, mode=self._mode, limits=self._limits)
        except ServerBusy as reason:
            self.note(reason)
        except (ServerNotFound, ServerRefused) as reason:
            if not self.waits_for_server:
                raise
            self.note(reason if self._starter is None else self._starter.step(reason))
        else:
            if self._starter is not None:
                self._starter.done()
            return connected
        return None

    def explain(self, error: BaseException) -> BaseException:
        """Return why a conversation on a socket of this ended before it had begun, where more is known than `error`."""
        return error

    def note(self, reason: LocalSocketError) -> None:
        """Remember why an attempt came to nothing. Raises ConnectingTimedOut when no other one may be made."""
        self.reason = reason
        if self._deadline.has_passed():
            raise ConnectingTimedOut(self._address, self._deadline.timeout, reason)

    def close(self) -> None:
        """Make no more attempts. A server that was started goes on."""
        if self._starter is not None:
            self._starter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _starter(endpoint: Endpoint, start: Daemon) -> Starter:
    from localsocket.endpoint.starting import Starter  # which few have anything to do with

    return Starter(endpoint, start)
