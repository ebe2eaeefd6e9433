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


def assert_counts_references(once: Callable[[], object]) -> None:
    """Do it often: no reference is kept, and none of None's given away, which ends an interpreter before 3.12."""
    once()
    tracemalloc.start()
    try:
        once()
        gc.collect()
        before, of_none = tracemalloc.get_traced_memory()[0], sys.getrefcount(None)
        for _ in range(200):
            once()
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 200 * 16, "a reference that is kept each time is 200 objects"
    assert abs(sys.getrefcount(None) - of_none) < 100
