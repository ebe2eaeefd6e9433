"""Where processes of one user say on which processor they wait, so that a peer knows whether to look before it sleeps.

Each process has one page for that, which it alone can write; a loop of connections, or a client's connection, has four
bytes of it. The page is made for the first of them and lives as long as one of them has it. Peers read it, and what
they read there is a hint: whoever lies makes them look in vain, 50 µs at a time and less often (_core/looking.c).
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import threading
import weakref
from typing import Final

from localsocket._core import IN_USE, Lookout
from localsocket.interfaces import MemoryName, WaitingPlace
from localsocket.interrupts import while_held
from localsocket.payload.sealed_memory import IS_SUPPORTED, TOKEN, make_memory_to_be_read, open_memory_to_read

_PAGE: Final = 4096
_PLACE: Final = 4
_OFFSETS: Final = range(TOKEN, _PAGE, _PLACE)
_MOST_SEEN: Final = 64  # processes whose pages are read at once: each page has a descriptor as long as it is mapped


class _Page:
    """The page of this process; taking and giving back are one step each, whatever other threads do."""

    def __init__(self) -> None:
        self._mapped, self.name, self._descriptor = make_memory_to_be_read(_PAGE)
        self._descriptor._is_owned = True  # of who has a place, whom whoever forgets is told of
        self._free = list(reversed(_OFFSETS))
        self.is_left = False  # to the parent of this process

    def take(self) -> int | None:
        with contextlib.suppress(IndexError):
            return self._free.pop()
        return None

    def place(self, offset: int) -> memoryview:
        return memoryview(self._mapped)[offset : offset + _PLACE]

    def give_back(self, offset: int) -> None:
        if not self.is_left:
            self._mapped[offset : offset + _PLACE] = bytes(_PLACE)
            self._free.append(offset)

    def leave(self) -> None:
        """It stays with the parent of this process."""
        self.is_left = True
        self._descriptor.close()

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self._descriptor.close()


class OwnPlace:
    """A place of this process, for one who waits; to be closed. `told` is what its peers are told of it."""

    def __init__(self, page: _Page, offset: int) -> None:
        self._pages = [page]  # until it is given back
        self._offset = offset
        self.told = WaitingPlace(page.name, offset)
        self.lookout = Lookout(page.place(offset))

    def close(self) -> None:
        """Give it back; doing it again is fine. Waits for no lock: a thread that the exit has stopped may hold it."""
        self.lookout.let_go()
        with contextlib.suppress(IndexError):
            self._pages.pop().give_back(self._offset)

    def __del__(self) -> None:
        if hasattr(self, "lookout"):
            self.close()


class SharedPlace:
    """A place for the connections of one loop: taken for the first of them, and given back with the last."""

    def __init__(self) -> None:
        self._place: OwnPlace | None = None
        self._users = 0

    @property
    def lookout(self) -> Lookout | None:
        """What looks for the peers of these connections, while there are some."""
        return None if self._place is None else self._place.lookout

    def join(self) -> WaitingPlace | None:
        """Return where the loop is, until leave() was called as often; None, which is not to be left: nobody looks."""
        if self._place is None:
            self._place = take_place()
        if self._place is None:
            return None
        self._users += 1
        return self._place.told

    def leave(self, peer: PeersPlace | None) -> None:
        """A connection has ended, to the peer that said where it is, if it did."""
        self._users -= 1
        if self._place is None:
            return
        if peer is not None:
            peer.be_forgotten_by(self._place.lookout)
        if not self._users:
            self.close()

    def close(self) -> None:
        """Give it back, whoever has joined; doing it again is fine."""
        place, self._place = self._place, None
        if place is not None:
            place.close()


class PeersPlace:
    """The place of a peer, which is looked for when it is asked for the first time."""

    __slots__ = ("_is_sought", "_told", "_view")

    def __init__(self, told: WaitingPlace) -> None:
        self._told = told
        self._is_sought = False
        self._view: memoryview | None = None

    def be_watched_by(self, lookout: Lookout) -> bool:
        """Have what comes next awaited from this peer; False where its place cannot be read."""
        if not self._is_sought:
            self._view = _view_of(self._told)
            self._is_sought = True
        lookout.watch(self._view)
        return self._view is not None

    def be_forgotten_by(self, lookout: Lookout) -> None:
        """Have what comes next awaited from nobody."""
        self._view = None
        lookout.watch(None)


_lock = threading.RLock()  # a handler, or the garbage collector, may close in the midst of anything
_page: weakref.ref[_Page] | None = None  # weak: wherever an interrupt comes, it goes with the last place in it
_seen: weakref.WeakValueDictionary[MemoryName, mmap.mmap] = weakref.WeakValueDictionary()


def take_place() -> OwnPlace | None:
    """Return a place for one who waits; None where nobody is to look, or there is no place left."""
    if IN_USE != "compiled" or not IS_SUPPORTED or sys.platform != "linux":
        return None
    return while_held(_lock, -1, _take_place, _none)


def _take_place() -> OwnPlace | None:
    global _page
    if (page := _own_page()) is None:
        from localsocket.payload.usable_processors import usable_processors  # and pathlib, which few need

        if usable_processors() < 2:
            return None
        try:
            page = _Page()
        except OSError:
            return None
        _page = weakref.ref(page)
    offset = page.take()
    return None if offset is None else OwnPlace(page, offset)


def _own_page() -> _Page | None:
    return None if _page is None else _page()


def _view_of(told: WaitingPlace) -> memoryview | None:
    """Return a place of another process; None for what cannot be one, or cannot be read."""
    memory, own = told.memory, _own_page()
    if told.offset not in _OFFSETS:
        return None
    if own is not None and (memory.device, memory.inode) == (own.name.device, own.name.inode):
        return None  # threads of one process do not look out for each other
    if (mapped := _seen.get(memory)) is None:
        if len(_seen) >= _MOST_SEEN:
            return None
        try:
            mapped = _seen[memory] = open_memory_to_read(memory, _PAGE)
        except (OSError, ValueError, OverflowError):
            return None
    return memoryview(mapped)[told.offset : told.offset + _PLACE]


def _none() -> None:
    return None


def _after_fork_in_child() -> None:
    # The page is the parent's, who goes on saying there where it is.
    global _lock, _page
    _lock = threading.RLock()  # the other may be held by a thread that does not exist here
    if (page := _own_page()) is not None:
        page.leave()
    _page = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
