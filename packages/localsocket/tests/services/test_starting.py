"""A client's `start`: of all who find nobody one starts the server, and whoever cannot be served is told why."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localsocket import Client, Daemon, ServerThread, Service, aio, spawn
from localsocket.endpoint import detached
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.starting import Starter
from localsocket.errors import ClosedByPeer, ConnectingTimedOut, ServerNotFound, StartFailed, Unsupported
from localsocket.testing import PATIENCE, Background, wait_until
from programs import run
from services.conftest import ADDRESS

PROGRAM = str(Path(__file__).parent.parent / "programs" / "daemon.py")

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def daemons_end(nothing_left_behind: None, runtime_directory: Path) -> Iterator[None]:
    """End what the test has started, which else would go on, and remove what it has left, as its log is."""
    yield
    for process in detached._started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    detached._reap()
    shutil.rmtree(runtime_directory / "localsocket", ignore_errors=True)


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    return tmp_path / "starts"


@pytest.fixture
def command(starts: Path) -> list[str]:
    return [sys.executable, "-W", "error", PROGRAM, ADDRESS, str(starts)]


def call_blocking(method: str, **options: Any) -> Any:
    with Client(ADDRESS, **options) as client:
        return client.call(method)


def call_by_aio(method: str, **options: Any) -> Any:
    async def call() -> Any:
        async with aio.Client(ADDRESS, **options) as client:
            return await client.call(method)

    return asyncio.run(call())


@pytest.fixture(params=[call_blocking, call_by_aio], ids=["blocking", "aio"])
def call(request: pytest.FixtureRequest) -> Call:
    found: Call = request.param
    return found


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_client_starts_the_server_that_later_ones_find(call: Call, command: list[str], starts: Path) -> None:
    first = call("pid", start=command, timeout=PATIENCE)
    assert call("pid") == first
    assert call("pid", start=command) == first
    assert starts.read_text() == f"{first}\n"


def test_a_daemon_has_nothing_of_its_starter_but_what_is_said(
    command: list[str], tmp_path: Path, runtime_directory: Path
) -> None:
    leak = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(leak, True)
    daemon = Daemon(command, directory=tmp_path, environment={"GREETING": "hello"})
    try:
        with Client(ADDRESS, start=daemon, timeout=PATIENCE) as client:
            found, pid = client.call("surroundings"), client.call("pid")
    finally:
        os.close(leak)
    assert found["directory"] == str(tmp_path)
    assert found["greeting"] == "hello"
    assert found["session"] == pid != os.getsid(0)
    assert found["input"] == "/dev/null"
    log, lock = f".{ADDRESS}.log", f".{ADDRESS}.start"
    assert found["files"] == sorted([log, log, lock, "null"])
    assert sorted(os.listdir(runtime_directory / "localsocket")) == [f".{ADDRESS}.lock", log, ADDRESS]


def test_many_that_ask_at_once_start_one(command: list[str], starts: Path) -> None:
    callers = [Background(partial(call_blocking, "pid", start=command, timeout=PATIENCE)) for _ in range(24)]
    pids = {caller.result() for caller in callers}
    assert starts.read_text().split() == [str(pid) for pid in pids]


@pytest.mark.long
@pytest.mark.parametrize("kills", [0, 1], ids=["all-live", "one-is-killed"])
@pytest.mark.parametrize("rounds", [pytest.param(4, id="few"), pytest.param(500, id="many", marks=pytest.mark.soak)])
@pytest.mark.timeout(1800)
def test_of_processes_that_ask_at_once_one_starts_one_every_time(rounds: int, kills: int) -> None:
    told = run("start_daemons.py", 24, rounds, kills)
    assert len(told) == rounds
    for each in told:
        assert len(each["started"]) == 1
        assert each["served_by"] == each["started"]


def test_what_another_has_started_and_given_up_is_waited_for(command: list[str], starts: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    while not detached._started:  # on a busy machine the time may be over before it comes to that
        with pytest.raises(ConnectingTimedOut):
            call_blocking("pid", start=[*command, str(fifo)], timeout=0.05)
    with Background(partial(call_blocking, "pid", start=command, timeout=PATIENCE)) as caller:
        os.close(os.open(fifo, os.O_WRONLY))  # once the program has opened it, too
        assert starts.read_text() == f"{caller.result()}\n"


@pytest.mark.long
def test_a_server_that_was_killed_in_a_call_is_started_again_by_the_next(command: list[str], starts: Path) -> None:
    with Client(ADDRESS, start=command, reconnect=True, timeout=PATIENCE) as client:
        first = client.call("pid")
        with pytest.raises(ClosedByPeer, match="'die'"):
            client.call("die")
        second = client.call("pid")
    assert starts.read_text().split() == [str(first), str(second)]


def test_a_server_that_is_there_is_not_started() -> None:
    service = Service("there")
    service.method(os.getpid, name="pid")
    with ServerThread(ADDRESS, service), Client(ADDRESS, start=["/does/not/exist"]) as client:
        assert client.call("pid") == os.getpid()


def test_a_program_that_fails_is_told_of_with_its_status_and_last_words(call: Call, runtime_directory: Path) -> None:
    with pytest.raises(StartFailed) as failed:
        call("pid", start=sh("echo first; echo no such table >&2; exit 3"))
    assert (failed.value.status, failed.value.output) == (3, ["first", "no such table"])
    assert "no such table" in str(failed.value)
    with pytest.raises(StartFailed) as failed:  # and it is tried again, with a log of its own
        call("pid", start=sh("kill -9 $$"))
    assert (failed.value.status, failed.value.output) == (-9, [])
    assert os.listdir(runtime_directory / "localsocket") == [f".{ADDRESS}.log"]


@pytest.mark.parametrize("program", ["/does/not/exist", "/etc/hosts"])
def test_a_program_that_cannot_be_run_is_told_of_at_once(call: Call, program: str) -> None:
    with pytest.raises(StartFailed) as failed:
        call("pid", start=[program])
    assert failed.value.status is None
    assert isinstance(failed.value.__cause__, OSError)
    assert failed.value.__cause__.strerror == failed.value.reason


def test_a_program_that_goes_into_the_background_by_itself_is_waited_for(call: Call, tmp_path: Path) -> None:
    done = tmp_path / "done"
    with Background(partial(call, "pid", start=sh(f"echo > {done}"), timeout=PATIENCE)) as caller:
        wait_until(done.exists)
        wait_until(lambda: detached._started and detached._started[-1].poll() is not None)
        service = Service("late")
        service.method(os.getpid, name="pid")
        with ServerThread(ADDRESS, service):
            assert caller.result() == os.getpid()


def test_one_that_ends_well_and_serves_nothing_is_no_failure_yet_and_is_the_reason_when_the_time_is_over() -> None:
    nobody = ServerNotFound(ADDRESS)
    starter = Starter(parse_address(ADDRESS), Daemon(["/bin/true"]))
    assert [starter.step(nobody) for _ in range(2)] == [nobody, nobody]  # it takes the lock, and starts it
    detached._started[-1].wait(PATIENCE)
    for _ in range(3):
        reason = starter.step(nobody)
        assert isinstance(reason, StartFailed)
        assert reason.status == 0
    starter.close()


def test_a_log_of_ones_own_is_added_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    for _ in range(2):
        with pytest.raises(StartFailed) as failed:
            call_blocking("pid", start=Daemon(sh("echo once; exit 1"), log=log))
        assert failed.value.output == ["once"]
    assert log.read_text() == "before\nonce\nonce\n"


def test_no_file_of_another_is_taken_for_the_log(runtime_directory: Path, tmp_path: Path) -> None:
    directory = runtime_directory / "localsocket"
    directory.mkdir(mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (directory / f".{ADDRESS}.log").symlink_to(victim)
    with pytest.raises(OSError, match="log"):
        call_blocking("pid", start=sh("echo gone; exit 1"))
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("start", "error"), [("python -m shop", TypeError), (b"shop", TypeError), ([], ValueError), (5, TypeError)]
)
def test_what_is_no_command_is_refused(start: Any, error: type[Exception]) -> None:
    async def spawn_by_aio() -> None:
        await aio.spawn(start)

    with pytest.raises(error):
        Client(ADDRESS, start=start)
    with pytest.raises(error, match="a command"):
        spawn(start)
    with pytest.raises(error, match="a command"):
        asyncio.run(spawn_by_aio())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")
def test_nothing_is_started_for_an_abstract_address_which_has_no_lock() -> None:
    with pytest.raises(Unsupported), Client("@starting", start=["true"]):
        pass
