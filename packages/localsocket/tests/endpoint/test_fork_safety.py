"""A forked child gives up its parent's doors and connections, and the parent keeps them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localsocket import LocalServer, LocalSocket, connect, listen
from localsocket.endpoint import fork_safety
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import NameTaken
from programs import Program


@dataclass
class Family:
    """A process that has forked: it serves `path` and our `client`, and is itself served by us through `served`."""

    program: Program
    path: Path
    client: LocalSocket
    server: LocalServer
    served: LocalSocket
    child: dict[str, Any]


@pytest.fixture(params=["blocking", "loop"])
def family(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[Family]:
    path, other = runtime_directory / "x.sock", runtime_directory / "other.sock"
    with listen(other) as server, Program("fork_while_open.py", request.param, path, other) as program:
        served = server.accept(timeout=60)
        assert program.read() == {"serving": str(path)}
        with served, connect(path) as client:
            yield Family(program, path, client, server, served, program.read())


def assert_parent_serves(family: Family) -> None:
    family.client.write(b"still there?")
    assert family.client.read_exactly(12, timeout=60) == b"still there?"


@pytest.mark.long
def test_the_child_has_none_of_the_parents_sockets_and_locks(family: Family) -> None:
    assert family.child["inherited"] == []
    assert not family.child["is_listening"]
    assert family.child["states"] == ["closed", "closed"]
    assert_parent_serves(family)


@pytest.mark.long
def test_what_the_child_still_holds_says_that_it_is_closed(family: Family) -> None:
    assert {family.child[use] for use in ("accept", "read", "write")} == {"ClosedByUs"}
    assert family.child.get("loop", "ClosedByUs") == "ClosedByUs"
    assert_parent_serves(family)


@pytest.mark.long
def test_closing_in_the_child_takes_nothing_from_the_parent(family: Family) -> None:
    assert family.child["file is there"]
    with connect(family.path):
        pass
    with pytest.raises(NameTaken) as caught:
        listen(family.path)
    assert caught.value.owner_pid == family.program.pid
    assert_parent_serves(family)
    family.client.close()
    family.program.end()
    listen(family.path).close()


@pytest.mark.long
def test_the_child_may_do_all_that_a_process_may(family: Family) -> None:
    assert family.child["listen there"] == "NameTaken"
    assert family.child["listen elsewhere"] == "done"
    assert family.child["connect"] == "done"
    assert_parent_serves(family)


@pytest.mark.long
def test_no_connection_is_kept_open_by_the_child(family: Family) -> None:
    family.program.kill()
    assert family.client.read(timeout=60) == b""
    assert family.served.read(timeout=60) == b""
    # The child lives on: only now is it told to end.
    with listen(family.path), connect(family.path):
        pass
    family.program.end(status=-9)


@pytest.mark.long
def test_a_fork_in_the_midst_of_listen_does_not_keep_the_name(runtime_directory: Path) -> None:
    path = runtime_directory / "x.sock"
    with Program("fork_while_listening.py", path) as program:
        told = program.read() | program.read()  # in either order
        assert told["serving"] == str(path)
        program.kill()
        os.kill(told["child"], 0)  # it lives
        try:
            with listen(path), connect(path):
                pass
        finally:
            program.end(status=-9)
            path.unlink(missing_ok=True)
            path.with_name(".x.sock.lock").unlink(missing_ok=True)


# --- who is remembered --------------------------------------------------------------------------------------------


class Holder:
    closed = 0

    def _close_in_child(self) -> None:
        self.closed += 1


def test_each_holder_is_closed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_safety, "_open", type(fork_safety._open)())
    holder = Holder()
    close_in_forked_child(holder)
    close_in_forked_child(holder)
    fork_safety._close_all()
    fork_safety._close_all()
    assert holder.closed == 1


def test_a_holder_that_is_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_safety, "_open", type(fork_safety._open)())
    holder = Holder()
    close_in_forked_child(holder)
    assert len(fork_safety._open) == 1
    del holder
    gc.collect()
    assert not fork_safety._open
