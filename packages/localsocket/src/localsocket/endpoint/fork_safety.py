"""A forked child gives up the parent's sockets, else a dead server's name stays taken and its clients stay connected.

Only fork without exec is meant (os.fork, multiprocessing's "fork"); exec closes them by close-on-exec.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import AbstractContextManager
from typing import Protocol


class ClosesInChild(Protocol):
    def _close_in_child(self) -> None:
        """Close this process's copies of the descriptors without touching what the parent still uses.

        Runs right after the fork: locks may be held by threads that do not exist here, so none may be taken.
        """


_open: weakref.WeakSet[ClosesInChild] = weakref.WeakSet()


def close_in_forked_child(holder: ClosesInChild) -> None:
    """From now on `holder` is closed in every forked child; it is forgotten when it is collected."""
    _open.add(holder)


# A lock that its own thread may take again: a signal's handler may fork in the midst of opening.
_opening = threading.RLock()


def no_fork_meanwhile() -> AbstractContextManager[object]:
    """Make other threads' forks wait until what is opened inside the `with` block is registered. Do not wait inside.

    It is the lock itself, which a `with` statement lets go wherever an interrupt comes; a generator could be cut off
    between taking it and the block.
    """
    return _opening


def _after_fork_in_child() -> None:
    _opening.release()  # taken before the fork, by the thread that goes on here
    _close_all()


def _close_all() -> None:
    for holder in list(_open):
        holder._close_in_child()
    _open.clear()


os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_after_fork_in_child)
