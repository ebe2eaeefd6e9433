"""A server that nobody has been connected to for a while, and how it leaves without turning anybody away unheard."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from localsocket.blocking.local_server import LocalServer
from localsocket.errors import ClosedByUs

# It is looked four times in the time that is given, and so found out by a quarter of it late.
_LOOKS = 4
_LONGEST_PAUSE = 86400.0  # seconds; a lock refuses to wait for years


def leave_when_idle(
    server: LocalServer, timeout: float, is_busy: Callable[[], bool], leave: Callable[[], None], stopped: Event
) -> None:
    """Call leave() once nobody has been connected to `server` for `timeout` seconds; return then, or once `stopped`.

    Who is in the backlog in the moment of leaving is not let in: its connection ends before the greeting, and a client
    that can start the server, or waits for one, tries again. Nobody whom the server has greeted is cut off.
    """
    idle_since = time.monotonic()
    seen = _connections_so_far(server)
    while not stopped.wait(min(timeout / _LOOKS, _LONGEST_PAUSE)):
        now = _connections_so_far(server)
        if server.open_connections or now != seen or is_busy():
            idle_since, seen = time.monotonic(), now
        elif time.monotonic() - idle_since >= timeout and _has_closed(server, is_busy):
            leave()
            return


def _connections_so_far(server: LocalServer) -> int:
    return server._admission.taken_so_far


def _has_closed(server: LocalServer, is_busy: Callable[[], bool]) -> bool:
    """Close the door if still nobody is there; with the door shut while it looks, so that nobody slips in."""
    try:
        if server.is_paused:  # by its user, for whom it is to stay
            return False
        server.pause()
        if server.open_connections or is_busy():
            server.resume()
            return False
        server.close()
    except ClosedByUs:  # by another, and so `stopped` soon
        return False
    return True
