"""Rows, plans, and what they need of the machine."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import localsocket
from attended_programs import attended
from localsocket import aio
from localsocket.errors import NameTaken, Unsupported
from localsocket.tools.echo_server import ServerKind, echo_server
from localsocket.tools.faces import Face, check_face
from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import Row, SkippedRow, for_comparison, measure, plan_exchange, plan_ping_pong
from localsocket.tools.open_files import raise_open_file_limit

FACES: list[Face] = ["blocking", "aio", "aio-uvloop"]


@pytest.fixture
def few_files() -> Iterator[int]:
    """Allow this process few open files, for as long as the test runs."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, limits[1]))
    yield allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def exchanged(server: ServerKind, face: Face) -> list[Row | SkippedRow]:
    """Measure for a moment, or for longer where the machine is too busy for one chunk to come back in that."""
    rows: list[Row | SkippedRow] = []
    for seconds in (0.05, 0.5, 5.0):
        rows = list(measure(plan_exchange(server, [1, 2], [10, 5000], seconds, face)))
        if all(isinstance(row, Row) and row.bytes_received >= row.chunk_bytes for row in rows):
            break
    return rows


@pytest.mark.long
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("server", ["thread", "process"])
def test_an_exchange_fills_a_row_for_each_combination(server: ServerKind, face: Face) -> None:
    rows = exchanged(server, face)
    assert [(row.connections, row.chunk_bytes) for row in rows if isinstance(row, Row)] == [
        (1, 10),
        (1, 5000),
        (2, 10),
        (2, 5000),
    ]
    for row in rows:
        assert isinstance(row, Row)
        assert (row.test, row.face, row.server, row.corrupted) == ("exchange", face, server, 0)
        assert row.seconds > 0.04  # uvloop's timers count in milliseconds
        assert row.bytes_received > 0
        assert row.messages_per_second == pytest.approx(row.bytes_received / row.chunk_bytes / row.seconds)
        assert row.mib_per_second == pytest.approx(row.bytes_received / 2**20 / row.seconds)
        assert 0 < row.p50_us <= row.p99_us


@pytest.mark.long
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("server", ["thread", "process"])
def test_ping_pong_counts_the_round_trips_asked_for(server: ServerKind, face: Face) -> None:
    (row,) = measure(plan_ping_pong(server, [5], 500, face))
    assert isinstance(row, Row)
    assert (row.test, row.face, row.chunk_bytes, row.corrupted) == ("pingpong", face, 1, 0)
    assert row.bytes_received >= 500
    assert row.messages_per_second == pytest.approx(500 / row.seconds)


@pytest.mark.parametrize(
    ("face", "loops"), [("blocking", []), ("aio", ["asyncio"] * 2), ("aio-uvloop", ["uvloop"] * 2)]
)
def test_both_ends_of_a_face_run_in_loops_of_its_kind(
    face: Face, loops: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, str] = {}
    read = aio.LocalSocket.read

    async def noting_read(socket: aio.LocalSocket) -> bytes:
        loop = asyncio.get_running_loop()
        seen[threading.get_ident()] = type(loop).__module__.partition(".")[0]
        return await read(socket)

    monkeypatch.setattr(aio.LocalSocket, "read", noting_read)
    (row,) = measure(plan_ping_pong("thread", [1], 1, face))
    assert isinstance(row, Row)
    assert list(seen.values()) == loops


@pytest.mark.long
@pytest.mark.parametrize(("face", "loop"), [("aio", "asyncio"), ("aio-uvloop", "uvloop")])
def test_a_servers_process_runs_on_the_face_asked_for(
    face: Face, loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{loop}.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with echo_server("blocking", "process"), localsocket.connect("blocking") as socket:
        socket.write(b"x")
        assert socket.read(timeout=60) == b"x"
    with pytest.raises(RuntimeError, match="ended with status 1"), echo_server("loopless", "process", face):
        pytest.fail("there is no server")


def test_a_face_whose_loop_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(Unsupported, match=r"aio-uvloop needs uvloop.*pip install 'localsocket\[uvloop\]'"):
        check_face("aio-uvloop")
    check_face("aio")
    check_face("blocking")


@pytest.mark.long
def test_the_blocking_face_is_measured_without_asyncio() -> None:
    program = (
        "import sys\n"
        "from localsocket.tools.measure import measure, plan_ping_pong\n"
        "list(measure(plan_ping_pong('thread', [1], 1)))\n"
        "sys.exit('asyncio' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_row_that_needs_more_files_than_allowed_says_so(few_files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.tools.measure.raise_open_file_limit", lambda: few_files)
    first, second = measure(plan_ping_pong("thread", [2, few_files], 10))
    assert isinstance(first, Row)
    assert isinstance(second, SkippedRow)
    assert second.to_dict()["skipped"] == f"needs {2 * few_files + 64} open files and this process may have {few_files}"


def test_the_open_file_limit_is_raised_as_far_as_allowed(few_files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == few_files < hard
    assert raise_open_file_limit() == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@pytest.mark.long
def test_the_servers_process_ends_with_the_program_that_started_it() -> None:
    program = (
        "import sys, signal\n"
        "from localsocket.tools.echo_server import echo_server\n"
        "with echo_server('orphan', 'process'):\n"
        "    print('up', flush=True)\n"
        "    signal.pause()\n"
    )
    with attended(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        with localsocket.connect("orphan") as socket:
            server = socket.peer.pid
            assert server not in (parent.pid, os.getpid())
            parent.send_signal(signal.SIGKILL)
            assert socket.wait_disconnected(timeout=60)


@pytest.mark.long
@pytest.mark.parametrize("face", FACES)
def test_a_servers_process_that_cannot_start_is_an_error(face: Face) -> None:
    with (
        localsocket.listen("occupied"),
        pytest.raises(RuntimeError, match="ended with status 1"),
        echo_server("occupied", "process", face),
    ):
        pytest.fail("there is no server")


@pytest.mark.parametrize("face", FACES)
def test_a_servers_thread_that_cannot_start_is_an_error(face: Face) -> None:
    with localsocket.listen("occupied"), pytest.raises(NameTaken), echo_server("occupied", "thread", face):
        pytest.fail("there is no server")


def test_the_machine_is_described() -> None:
    facts = machine_facts()
    assert set(facts) == {"cpu", "cores", "kernel", "python"}
    assert facts["cpu"]
    assert int(facts["cores"]) >= 1
    assert str(facts["python"]).endswith(".".join(map(str, sys.version_info[:3])))


def test_a_machine_without_processor_information_is_described_by_what_python_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    assert machine_facts()["cpu"]


@pytest.mark.long
def test_pythons_socket_alone_is_measured_for_comparison_once_for_each_size() -> None:
    plans = plan_exchange("thread", [1, 2], [10, 5000, 10_000_000], 0.02) + plan_ping_pong("process", [5], 100)
    rows = [row for row in measure(for_comparison(plans)) if isinstance(row, Row)]
    assert [(row.test, row.face, row.connections, row.chunk_bytes) for row in rows] == [
        ("exchange", "socket", 1, 10),
        ("exchange", "socket", 1, 5000),
        ("pingpong", "socket", 1, 1),
    ]
    assert all(row.bytes_received and not row.corrupted for row in rows)
    assert rows[-1].bytes_received == 100
