"""Threads that wait on a descriptor, and how other threads wake them."""

from __future__ import annotations

import contextlib
import math
import os
import select
import sys
import weakref
from functools import partial

from localsocket.blocking.monkey_patching import patched
from localsocket.interrupts import part_of
from localsocket.owned_descriptor import OwnedDescriptor

READABLE = select.POLLIN
WRITABLE = select.POLLOUT
HUNG_UP = select.POLLHUP | select.POLLERR

LONGEST_WAIT = 86_400.0  # poll(2) counts milliseconds in a C int; who waits longer comes back and waits again
_DEAF_WAIT = 0.1  # seconds between two looks of one who cannot be woken


def milliseconds(seconds: float | None) -> int:
    """Return for how long this thread may poll(2) at a time, of so many seconds in all, None for ever."""
    return math.ceil(min(part_of(seconds), LONGEST_WAIT) * 1000)


def _new_poll() -> select.poll:
    try:
        return select.poll()
    except AttributeError:
        raise patched("waiting with a time-out") from None


class Waker:
    """Something to wait on that any thread may set: an eventfd on Linux, else a pipe."""

    __slots__ = ("__weakref__", "_owned", "_poll", "_reading", "_writing")

    def __init__(self) -> None:
        if sys.platform == "linux":
            self._owned = [OwnedDescriptor.made_by(partial(os.eventfd, 0, os.EFD_NONBLOCK | os.EFD_CLOEXEC))]
        else:  # pragma: no cover - macOS and the BSDs, never run
            self._owned = [*map(OwnedDescriptor, os.pipe())]
            for owned in self._owned:
                os.set_blocking(owned.number, False)
        for owned in self._owned:
            owned._is_owned = True
        self._reading, self._writing = self._owned[0].number, self._owned[-1].number
        self._poll = _new_poll()
        self._poll.register(self._reading, select.POLLIN)

    def fileno(self) -> int:
        return self._reading

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it is set already; closed: nobody waits any more
            os.write(self._writing, b"\1\0\0\0\0\0\0\0")

    def clear(self) -> None:
        with contextlib.suppress(OSError):  # nothing to clear
            os.read(self._reading, 4096)

    def wait(self, descriptor: int, interest: int | None, seconds: float | None) -> int:
        """Sleep until the descriptor is ready for `interest`, or hung up, or wake() or the time is over.

        Returns what the descriptor is ready for, 0 if it is not, and in the main thread also after a part of the time.
        `interest` 0 waits for hang-up only, None leaves the descriptor out. Interrupted, it is good for nothing but
        close().
        """
        poll = self._poll
        if interest is not None:
            poll.register(descriptor, interest)
        events = poll.poll(milliseconds(seconds))
        if interest is not None:
            poll.unregister(descriptor)
        ready = 0
        for ready_descriptor, event in events:
            if ready_descriptor == descriptor:
                ready = event
            else:
                self.clear()
        return ready

    def close(self) -> None:
        self._reading = self._writing = -1
        for owned in self._owned:
            owned.close()

    def __del__(self) -> None:
        if hasattr(self, "_owned"):
            self.close()


class DeafWaker(Waker):
    """For one who waits while no descriptor is left: wakes by itself every now and then."""

    __slots__ = ()

    def __init__(self) -> None:
        self._owned = []
        self._reading = self._writing = -1
        self._poll = _new_poll()

    def wake(self) -> None:
        """Cannot be done; wait() returns soon anyway."""

    def wait(self, descriptor: int, interest: int | None, seconds: float | None) -> int:
        return super().wait(descriptor, interest, _DEAF_WAIT if seconds is None else min(seconds, _DEAF_WAIT))


class Waiters:
    """The threads that wait on one descriptor at this moment. Every call is made under its owner's lock.

    Each waiting thread polls the descriptor for what it needs itself; whoever changes something that another may
    wait for calls wake_all(). The descriptor may be closed only when nobody waits on it (`when_none`), since its
    number may be given to another file at once.
    """

    __slots__ = ("_wakers",)

    def __init__(self) -> None:
        self._wakers: list[Waker] = []

    def __bool__(self) -> bool:
        return bool(self._wakers)

    def enter(self, waker: Waker) -> None:
        """Have the waker of lend() woken, until leave()."""
        self._wakers.append(waker)

    def leave(self, waker: Waker) -> None:
        """Give the waker back, which has waited to the end."""
        self._wakers.remove(waker)
        if not isinstance(waker, DeafWaker):
            if len(_idle_wakers) < _MAX_IDLE:
                _idle_wakers.append(waker)
            else:
                waker.close()

    def break_off(self, waker: Waker) -> None:
        """Have done with a waker whose waiting was interrupted, if it has begun."""
        if waker in self._wakers:  # else leave() has done with it
            self._wakers.remove(waker)
            waker.close()

    def wake_all(self) -> None:
        for waker in self._wakers:
            waker.wake()


# Wakers are lent for the time of one wait, so there are as many as threads wait at once, whatever the number of
# sockets, and a few for those that wait next. list.append and list.pop are atomic.
_MAX_IDLE = 4
_idle_wakers: list[Waker] = []
_all_wakers: weakref.WeakSet[Waker] = weakref.WeakSet()


def lend_waker() -> Waker:
    """Return what one thread waits with, for Waiters.enter()."""
    with contextlib.suppress(IndexError):
        return _idle_wakers.pop()
    try:
        waker = Waker()
    except OSError:
        return DeafWaker()
    _all_wakers.add(waker)
    return waker


def _after_fork_in_child() -> None:
    # An eventfd that is shared with the parent would wake the wrong process.
    for waker in list(_all_wakers):
        waker.close()
    _idle_wakers.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)
