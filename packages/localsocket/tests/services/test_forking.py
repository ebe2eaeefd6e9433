"""A child that a program forks in the midst of calls keeps none of its connections, and the parent goes on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from localsocket import Client, ServerThread, Service, listen
from localsocket.testing import PATIENCE, wait_until
from programs import Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc/self/fd")


class Family(NamedTuple):
    """A program that has forked: it serves `path`, and calls our service `ours` over a connection."""

    program: Program
    path: Path
    ours: Service
    child: dict[str, Any]


@pytest.fixture
def family(runtime_directory: Path) -> Iterator[Family]:
    path, other = runtime_directory / "x.sock", runtime_directory / "other.sock"
    ours, gate, running = Service("ours"), threading.Event(), threading.Semaphore(0)

    @ours.method
    def hold() -> int:
        running.release()
        gate.wait(PATIENCE)
        return os.getpid()

    ours.method(os.getpid, name="process")
    with ServerThread(other, ours), Program("fork_while_calling.py", path, other) as program:
        assert program.read() == {"serving": str(path), "pid": program.pid}
        assert running.acquire(timeout=PATIENCE)
        program.write("fork\n")
        child = program.read()
        gate.set()
        yield Family(program, path, ours, child)


def test_the_child_has_nothing_and_the_parent_goes_on_with_its_calls(family: Family) -> None:
    assert family.child["inherited"] == []
    assert family.child["uses"] == ["ClosedByUs", "ClosedByUs", "done"]
    assert family.program.read() == {"parent": family.program.pid, "other": os.getpid()}
    with Client(family.path) as client:
        assert client.call("process") == family.program.pid


def test_no_connection_and_no_name_outlives_the_parent(family: Family) -> None:
    family.program.read()
    with Client(family.path) as client:
        assert client.call("process") == family.program.pid
        family.program.kill()
        with pytest.raises(ConnectionError):
            client.call("process", timeout=PATIENCE)
    wait_until(lambda: family.ours.stats().open_connections == 0, "its connection to end")
    # The child lives on: only now is it told to end.
    with listen(family.path):
        pass
    family.program.end(status=-9)
