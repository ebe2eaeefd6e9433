"""Rows, plans, and what they need of the machine."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

import localsocket
from localsocket.tools.echo_server import ServerKind, echo_server
from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import Row, SkippedRow, measure, plan_exchange, plan_ping_pong
from localsocket.tools.open_files import raise_open_file_limit


@pytest.fixture
def few_files() -> Iterator[int]:
    """Allow this process few open files, for as long as the test runs."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, limits[1]))
    yield allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("server", ["thread", "process"])
def test_an_exchange_fills_a_row_for_each_combination(server: ServerKind) -> None:
    rows = list(measure(plan_exchange(server, [1, 2], [10, 5000], 0.05)))
    assert [(row.connections, row.chunk_bytes) for row in rows if isinstance(row, Row)] == [
        (1, 10),
        (1, 5000),
        (2, 10),
        (2, 5000),
    ]
    for row in rows:
        assert isinstance(row, Row)
        assert (row.test, row.server, row.corrupted) == ("exchange", server, 0)
        assert row.seconds >= 0.05
        assert row.bytes_received > 0
        assert row.messages_per_second == pytest.approx(row.bytes_received / row.chunk_bytes / row.seconds)
        assert row.mib_per_second == pytest.approx(row.bytes_received / 2**20 / row.seconds)
        assert 0 < row.p50_us <= row.p99_us


@pytest.mark.parametrize("server", ["thread", "process"])
def test_ping_pong_counts_the_round_trips_asked_for(server: ServerKind) -> None:
    (row,) = measure(plan_ping_pong(server, [5], 500))
    assert isinstance(row, Row)
    assert (row.test, row.chunk_bytes, row.corrupted) == ("pingpong", 1, 0)
    assert row.bytes_received >= 500
    assert row.messages_per_second == pytest.approx(500 / row.seconds)


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


def test_the_servers_process_ends_with_the_program_that_started_it() -> None:
    program = (
        "import sys, signal\n"
        "from localsocket.tools.echo_server import echo_server\n"
        "with echo_server('orphan', 'process'):\n"
        "    print('up', flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        with localsocket.connect("orphan") as socket:
            server = socket.peer.pid
            assert server not in (parent.pid, os.getpid())
            parent.send_signal(signal.SIGKILL)
            assert socket.wait_disconnected(timeout=20)


def test_a_servers_process_that_cannot_start_is_an_error() -> None:
    with (
        localsocket.listen("occupied"),
        pytest.raises(RuntimeError, match="ended with status 1"),
        echo_server("occupied", "process"),
    ):
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
