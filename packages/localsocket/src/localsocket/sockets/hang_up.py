"""Being told that a peer has closed, where nothing is to be read or sent."""

from __future__ import annotations

import select
import sys


class HangUpPoller:
    """A descriptor that is readable once both directions of a connection have ended, and for nothing else.

    fileno() is -1 where there is none: no descriptor is left, or the system has no epoll. Then one has to look.
    """

    def __init__(self, descriptor: int) -> None:
        self._poller: select.epoll | None = None
        if sys.platform == "linux":
            try:
                self._poller = select.epoll()
                self._poller.register(descriptor, 0)  # hang-up is always reported
            except OSError:
                self.close()

    def fileno(self) -> int:
        return -1 if self._poller is None else self._poller.fileno()

    def close(self) -> None:
        if self._poller is not None:
            self._poller.close()
            self._poller = None

    def __enter__(self) -> HangUpPoller:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def has_hung_up(descriptor: int) -> bool:
    """Whether both directions of a connection have ended, also where bytes are left to be read."""
    poller = select.poll()
    poller.register(descriptor, 0)  # hang-up is always reported
    return any(mask & select.POLLHUP for _, mask in poller.poll(0))
