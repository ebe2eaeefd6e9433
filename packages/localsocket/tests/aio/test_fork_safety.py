"""A child that a program forks in the midst of its asyncio loop keeps none of its connections and names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from localsocket import LocalSocket, connect, listen
from localsocket.testing import PATIENCE
from programs import Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc/self/fd")


class Family(NamedTuple):
    """A program that has forked: it serves `path` and our `client`, and is served by us through `served`."""

    program: Program
    path: Path
    client: LocalSocket
    served: list[LocalSocket]
    child: dict[str, Any]


@pytest.fixture(params=["stock", "uvloop"])
def family(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[Family]:
    path, other = runtime_directory / "x.sock", runtime_directory / "other.sock"
    with (
        ExitStack() as stack,
        listen(other) as server,
        Program("fork_while_awaiting.py", request.param, path, other) as program,
    ):
        assert program.read() == {"serving": str(path)}
        served = [stack.enter_context(server.accept(timeout=PATIENCE)) for _ in range(2)]
        client = connect(path)
        stack.callback(client.abort)
        yield Family(program, path, client, served, program.read())


@pytest.mark.long
def test_the_child_has_none_of_the_parents_sockets_and_locks(family: Family) -> None:
    assert family.child["inherited"] == []
    assert family.child["write"] == ["ClosedByUs"] * 3
    assert len(family.client.read_to_end(timeout=PATIENCE)) == 4 << 20  # the parent has them still


@pytest.mark.long
def test_no_connection_and_no_name_outlives_the_parent(family: Family) -> None:
    family.program.kill()
    for connection in (family.client, *family.served):
        while connection.read(timeout=PATIENCE):
            pass
    # The child lives on: only now is it told to end.
    with listen(family.path), connect(family.path):
        pass
    family.program.end(status=-9)
