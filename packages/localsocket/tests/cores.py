"""Both cores in one run of the tests, whichever of them this process has chosen."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

import pytest

from localsocket._core import in_python
from localsocket.blocking import event_loop
from localsocket.blocking.event_socket import EventSocket
from localsocket.sockets import connection
from localsocket.sockets.connected_socket import ConnectedSocket

T = TypeVar("T")

_SHORT_WAYS = [(ConnectedSocket, "write_nowait"), (EventSocket, "read_available"), (EventSocket, "_on_events")]


def core_named(name: str) -> ModuleType:
    if name == "pure":
        return in_python
    return pytest.importorskip("localsocket._core.compiled", reason="the compiled core was not built")


@pytest.fixture(params=["pure", "compiled"])
def core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Have all sockets of the test go through this core, and return it."""
    chosen = core_named(request.param)
    for kind, method in _SHORT_WAYS:
        kept = f"_{method.removeprefix('_')}_in_python"
        as_written = vars(kind).get(kept, vars(kind)[method])
        monkeypatch.setattr(kind, method, as_written)
        monkeypatch.setattr(kind, kept, as_written, raising=False)
        chosen.short_ways(method)(kind)
    monkeypatch.setattr(EventSocket, "write", ConnectedSocket.write_nowait)
    monkeypatch.setattr(connection, "receiver", chosen.receiver)
    monkeypatch.setattr(connection, "sender", chosen.sender)
    monkeypatch.setattr(event_loop, "see_to", chosen.see_to)
    return chosen


def made_with(core: ModuleType, kind: type[T], *methods: str) -> type[T]:
    """Return the class as it would be if this core had been chosen, as far as these methods go."""
    as_written = {
        method: getattr(kind, f"_{method.removeprefix('_')}_in_python", getattr(kind, method)) for method in methods
    }
    made: type[T] = type(kind.__name__, (kind,), {"__slots__": (), **as_written})
    core.short_ways(*methods)(made)
    return made


_TIMES, _TRIES = 200, 4


def assert_counts_references(once: Callable[[], object]) -> None:
    """Do it often: no reference is kept, and none of None's given away, which ends an interpreter before 3.12.

    What another thread of the process allocates meanwhile is not there each time that it is tried.
    """
    once()
    tried: list[tuple[int, int]] = []
    while len(tried) < _TRIES:
        tried.append(_kept(once))
        if _is_balanced(*tried[-1]):
            return
    raise AssertionError(f"bytes, and references to None, that are kept of {_TIMES} times: {tried}")


def _is_balanced(size: int, of_none: int) -> bool:
    return size < _TIMES * 16 and abs(of_none) < _TIMES / 2  # an object has 16 bytes at least


def _kept(once: Callable[[], object]) -> tuple[int, int]:
    """Return how many bytes are kept by doing it so many times, and how many more references None has."""
    tracemalloc.start()
    try:
        once()
        gc.collect()
        before, of_none = tracemalloc.get_traced_memory()[0], sys.getrefcount(None)
        for _ in range(_TIMES):
            once()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before, sys.getrefcount(None) - of_none
    finally:
        tracemalloc.stop()
