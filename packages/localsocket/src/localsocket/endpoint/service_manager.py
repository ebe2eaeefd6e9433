"""What a service manager is told, as sd_notify(3) describes it, and the descriptors it has handed over."""

from __future__ import annotations

import logging
import os
import socket

from localsocket.endpoint.activation import activation_descriptors
from localsocket.errors import Unsupported

logger = logging.getLogger("localsocket.endpoint")

_VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


def notify(*assignments: str) -> bool:
    """Tell the manager of NOTIFY_SOCKET, such as "READY=1"; return whether it was told. It is never waited for."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(assignments).encode(), address)
    except OSError as error:
        logger.warning("could not tell the service manager %s: %s", assignments[0], error)
        return False
    return True


def watchdog_seconds() -> float | None:
    """Return within how many seconds the manager wants to hear WATCHDOG=1, again and again; None if it does not."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6


def take_activation_descriptors() -> dict[str, int]:
    """Return activation_descriptors(), once: they are this program's, and its children find none.

    Raises Unsupported for descriptors that are another process's: whoever set that up does not expect us elsewhere.
    """
    count, pid = os.environ.get("LISTEN_FDS", ""), os.environ.get("LISTEN_PID", "")
    if count not in ("", "0") and pid != str(os.getpid()):
        raise Unsupported(
            f"LISTEN_FDS={count} is for process {pid or 'of no LISTEN_PID'}, but this is {os.getpid()}: whatever "
            "starts this program must exec it, or unset LISTEN_FDS"
        )
    if count and not count.isdecimal():
        raise Unsupported(f"LISTEN_FDS={count!r} is not a number of descriptors")
    descriptors = activation_descriptors()
    for name in _VARIABLES:
        os.environ.pop(name, None)
    return descriptors
