"""`serve --workers` and `--reload`: one that is replaced, new code, and bad days, without a call that is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import localsocket
from attended_programs import attended
from cli.conftest import COMMAND
from cli.managing import Manager, activated
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.tools.endpoints import named_endpoints

Command = Callable[..., tuple[int, str, str]]
Program = subprocess.Popen[bytes]
Serve = Callable[..., Program]

MODULE = """\
import atexit
import os
import signal
import sys
import time
from pathlib import Path

import localsocket

VERSION = 1
service = localsocket.Service("demo.shop", version=str(VERSION))


@service.method(idempotent=True)
def add(a: int, b: int) -> int:
    return a + b


@service.method(idempotent=True)
def who() -> tuple[int, int]:
    return os.getpid(), VERSION


@service.method
def hold() -> None:
    time.sleep(300)


@service.method
def stay() -> None:
    atexit.register(time.sleep, 300)
"""

STUCK = """
@service.method
async def stick() -> None:
    time.sleep(300)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "shop_here.py"
    path.write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture(autouse=True)
def hang_up_is_heard() -> Iterator[None]:
    """What is ignored when a supervisor begins stays so, and under nohup SIGHUP is."""
    before = signal.signal(signal.SIGHUP, lambda *_: None)  # which a program that is started does not inherit
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start `localsocket serve`, which has ended at the end of the test, and so have its workers."""
    programs: list[Program] = []

    def start(*options: str, **given: object) -> Program:
        command = [*COMMAND, "serve", "shop_here:service", *options]
        program = subprocess.Popen(command, stderr=subprocess.PIPE, **given)  # type: ignore[call-overload]
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def line_with(program: Program, text: str) -> str:
    """Wait until the log says so, and return that line."""
    assert program.stderr is not None
    for line in program.stderr:
        if text.encode() in line:
            return line.decode()
    raise AssertionError(f"the log ended before it said {text!r}")


def end(program: Program, number: int = signal.SIGTERM) -> str:
    """Stop it, and return what it logged meanwhile."""
    program.send_signal(number)
    errors: str = program.communicate(timeout=PATIENCE)[1].decode()
    assert program.returncode == 0, errors
    return errors


def who() -> tuple[int, int]:
    """Return the process, and the version, that serves whoever connects now."""
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        pid, version = client.call("who")
    return pid, version


def is_free() -> bool:
    """Whether the name is nobody's any more."""
    with contextlib.suppress(localsocket.errors.NameTaken):
        localsocket.listen("demo.shop").close()
        return True
    return False


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Callers:
    """Call on and on, over one connection that is made again, and over a new one for each call."""

    def __init__(self, address: str | Path = "demo.shop") -> None:
        self._address = address
        self._is_enough = threading.Event()
        self._answers = [0, 0]
        self._callers = [Background(self._call_on), Background(self._visit)]

    def __enter__(self) -> Callers:
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_enough.set()
        for caller in self._callers:
            caller.result()  # which raises what a call that was lost has raised

    def wait_for_more(self) -> None:
        before = list(self._answers)
        wait_until(
            lambda: (
                all(now > then + 20 for now, then in zip(self._answers, before, strict=True))
                or any(each.is_done for each in self._callers)
            ),
            "more answers",
        )

    def _call_on(self) -> None:
        with localsocket.Client(self._address, timeout=PATIENCE, reconnect=True) as client:
            while not self._is_enough.is_set():
                assert client.call("add", self._answers[0], 1) == self._answers[0] + 1
                self._answers[0] += 1

    def _visit(self) -> None:
        while not self._is_enough.is_set():
            with localsocket.Client(self._address, timeout=PATIENCE) as client:
                assert client.call("add", self._answers[1], 1) == self._answers[1] + 1
            self._answers[1] += 1


# --- several processes ------------------------------------------------------------------------------------------------


def test_two_workers_serve_one_name_until_a_signal(serve: Serve, command: Command) -> None:
    program = serve("--workers=2")
    assert "serving demo.shop at demo.shop by 2 workers" in line_with(program, "serving")
    (endpoint,) = named_endpoints()
    assert endpoint.pid == program.pid
    pids: set[int] = set()
    with ExitStack() as connected:

        def both_have_answered() -> bool:
            client = connected.enter_context(localsocket.Client("demo.shop", timeout=PATIENCE))
            pids.add(client.call("who")[0])
            return len(pids) == 2

        wait_until(both_have_answered, "both to let somebody in")
    assert program.pid not in pids
    assert "of 2: its numbers alone), serving for " in command("stats", "demo.shop")[1]
    assert "stopping" in end(program)
    assert all(map(has_ended, pids))
    assert named_endpoints() == []


def test_a_worker_that_is_killed_is_replaced_and_an_idempotent_call_is_made_again(serve: Serve) -> None:
    program = serve("--workers=2")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE, reconnect=True) as client:
        for _ in range(3):
            os.kill(client.call("who")[0], signal.SIGKILL)
            assert client.call("add", 2, 3) == 5
            assert "was ended by SIGKILL; starting another one" in line_with(program, "another one")
    end(program)


def test_workers_are_replaced_where_the_ends_of_children_were_ignored() -> None:
    become = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", become, *COMMAND, "serve", "shop_here:service", "--workers=1"]
    with attended(subprocess.Popen(command, stderr=subprocess.PIPE)) as program:
        line_with(program, "serving")
        os.kill(who()[0], signal.SIGKILL)
        line_with(program, "another one")
        assert who()[1] == 1
        end(program)


def test_one_that_crashes_at_its_start_again_and_again_is_given_up(serve: Serve, module: Path) -> None:
    module.write_text("import os\nprint('started', flush=True)\nos.abort()\n")
    program = serve("--workers=1", stdout=subprocess.PIPE)
    output, errors = program.communicate(timeout=PATIENCE)
    assert program.returncode == 1
    assert output.count(b"started") == 5
    last = errors.decode().splitlines()[-1]
    assert last.startswith("localsocket: no worker is serving: 5 in a row ended before they did")
    assert "SIGABRT" in last
    assert named_endpoints() == []


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("x = (", 1, "SyntaxError"),
        ("import sys; sys.exit(3)", 1, "it ended with 3"),
        ("other = 1", 2, "has no service 'service'"),
        (MODULE.replace('"demo.shop"', '"taken"'), 1, "taken"),
    ],
)
def test_what_cannot_be_served_ends_with_its_word(
    serve: Serve, module: Path, source: str, status: int, said: str
) -> None:
    module.write_text(source)
    with localsocket.listen("taken"):
        program = serve("--workers=2")
        errors = program.communicate(timeout=PATIENCE)[1].decode()
    assert program.returncode == status
    last = errors.splitlines()[-1]
    assert last.startswith("localsocket: ")
    assert said in last


def test_workers_end_when_their_supervisor_was_killed(serve: Serve) -> None:
    program = serve("--workers=2")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        pid, _ = client.call("who")
        program.kill()
        wait_until(lambda: has_ended(pid), "the worker to end")
    wait_until(is_free, "the other one to end")


def test_a_second_signal_ends_all_at_once(serve: Serve) -> None:
    program = serve("--workers=1", "--drain=300")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        pid, _ = client.call("who")
        held = client.start("hold")
        program.terminate()
        line_with(program, "stopping")
        program.terminate()
        assert program.wait(PATIENCE) == -signal.SIGTERM
        with pytest.raises(localsocket.errors.ClosedByPeer):
            held.result()
    assert has_ended(pid)


def test_what_is_cut_is_told_by_the_worker_that_cuts_it(serve: Serve) -> None:
    program = serve("--workers=2", "--drain=0.1")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        held = client.start("hold")
        client.call("who")
        errors = end(program)
        with pytest.raises(localsocket.errors.ClosedByPeer):
            held.result()
    assert "localsocket.serving [worker " in errors
    assert "cut off after 0.1 s, because they had not ended: hold (1)" in errors


def test_a_worker_that_does_not_end_is_killed(serve: Serve) -> None:
    program = serve("--workers=1", "--drain=0")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        client.call("stay")
    assert "which has not ended in time" in end(program)


def test_the_signals_of_users_are_passed_on(serve: Serve, module: Path) -> None:
    told = module.with_name("told")
    module.write_text(f"{MODULE}\nsignal.signal(signal.SIGUSR1, lambda *_: Path({str(told)!r}).touch())\n")
    program = serve("--workers=1")
    line_with(program, "serving")
    program.send_signal(signal.SIGUSR1)
    wait_until(told.exists, "the signal")
    end(program, signal.SIGINT)


def test_workers_serve_on_when_the_disk_of_the_log_is_full(serve: Serve) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        command = [*COMMAND, "serve", "shop_here:service", "--workers=2"]
        with attended(subprocess.Popen(command, stderr=full)) as program:
            with localsocket.Client("demo.shop", timeout=PATIENCE, wait_for_server=True, reconnect=True) as client:
                os.kill(client.call("who")[0], signal.SIGKILL)
                assert client.call("add", 2, 3) == 5
            program.terminate()
            assert program.wait(PATIENCE) == 0


def test_workers_do_not_leave_for_idleness(command: Command) -> None:
    for option in ("--workers=2", "--reload"):
        status, _, errors = command("serve", "shop_here:service", option, "--idle-timeout=1")
        assert (status, errors.count("\n")) == (2, 1)
        assert "--idle-timeout" in errors


# --- new code ---------------------------------------------------------------------------------------------------------


def test_no_call_is_lost_while_new_workers_take_over(serve: Serve, module: Path) -> None:
    program = serve("--workers=2")
    line_with(program, "serving")
    before = who()[0]
    with Callers() as callers:
        for version in (2, 3):
            # Python takes what it has compiled for that of a source of the same second and size.
            module.write_text(MODULE.replace("VERSION = 1", f"VERSION = {version}") + version * "\n")
            program.send_signal(signal.SIGHUP)
            line_with(program, "reloaded")
            callers.wait_for_more()
            assert who()[1] == version
    wait_until(lambda: has_ended(before), "the old worker to end")
    assert "ERROR" not in end(program)


def test_a_call_that_is_under_way_ends_before_its_worker_does(serve: Serve, module: Path) -> None:
    module.write_text(f"{MODULE}\n@service.method\ndef wait(path: Path) -> int:\n    return len(path.read_text())\n")
    gate = module.with_name("gate")
    os.mkfifo(gate)
    program = serve("--workers=1")
    line_with(program, "serving")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        waiting = client.start("wait", str(gate))
        program.send_signal(signal.SIGHUP)
        line_with(program, "reloaded")
        gate.write_text("open")
        assert waiting.result() == 4
    end(program)


def test_a_change_is_served_and_one_that_is_wrong_leaves_the_old_one_going(serve: Serve, module: Path) -> None:
    program = serve("--reload")
    line_with(program, "serving demo.shop at demo.shop by 1 worker")
    with Callers() as callers:
        module.write_text(MODULE + "x = (\n")
        line = line_with(program, "ERROR")
        assert "not reloaded; the service continues as it was: importing 'shop_here' failed: SyntaxError" in line
        assert f"{module}, line {MODULE.count(chr(10)) + 1}" in line
        callers.wait_for_more()
        assert who()[1] == 1
        module.write_text(MODULE.replace("VERSION = 1", "VERSION = 2"))
        line_with(program, "reloaded")
        callers.wait_for_more()
        assert who()[1] == 2
    end(program)


# --- under a service manager ------------------------------------------------------------------------------------------


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    found = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with found.socket:
        yield found


def test_new_code_that_fails_at_a_later_worker_is_told_as_what_it_is(serve: Serve, module: Path) -> None:
    program = serve("--workers", "2", "--at", "./shop.sock")
    line_with(program, "serving demo.shop")
    only_once = "Path('imported').touch(exist_ok=False)\n"
    module.write_text(MODULE.replace("VERSION = 1\n", f"VERSION = 2\n{only_once}"))
    program.send_signal(signal.SIGHUP)
    line = line_with(program, "ERROR")
    assert "only 1 of 2 workers reloaded; the others continue as they were: importing 'shop_here' failed" in line
    end(program)


def test_the_manager_is_told_of_a_reload_by_the_supervisor_alone(serve: Serve, manager: Manager) -> None:
    program = serve("--workers=2")
    manager.wait_for("READY=1")
    program.send_signal(signal.SIGHUP)
    told = manager.wait_for("RELOADING=1")
    assert any(line.removeprefix("MONOTONIC_USEC=").isdecimal() for line in told)
    assert "STATUS=serving demo.shop at demo.shop by 2 workers" in manager.wait_for("READY=1")
    end(program)
    manager.wait_for("STOPPING=1")


def test_a_worker_that_is_stuck_is_replaced_and_the_watchdog_fed(
    serve: Serve, module: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    module.write_text(MODULE + STUCK)
    program = serve("--workers=1")
    manager.wait_for("READY=1")
    with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
        stuck = client.start("stick")
        assert "is stuck: it has not been heard from for" in line_with(program, "stuck")
        with pytest.raises(localsocket.errors.ClosedByPeer):
            stuck.result()
    assert "was ended by SIGABRT" in line_with(program, "another one")
    manager.wait_for("WATCHDOG=1")
    assert who()[1] == 1
    end(program)


def test_a_socket_that_is_handed_over_is_shared_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with attended(activated(listening, "serve", "shop_here:service", "--workers=2")) as program:
            line_with(program, f"serving demo.shop at {path} by 2 workers")
            with Callers(path) as callers:
                program.send_signal(signal.SIGHUP)
                line_with(program, "reloaded")
                callers.wait_for_more()
            end(program)
        assert path.exists()


def test_a_socket_of_another_kind_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as given:
        given.bind(str(tmp_path / "x.sock"))
        with attended(activated(given, "serve", "shop_here:service", "--workers=2")) as program:
            _, errors = program.communicate(timeout=PATIENCE)
    assert (program.returncode, errors.count(b"\n")) == (1, 1)
    assert b"'shop' of LISTEN_FDS" in errors


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd is not installed")
def test_systemd_starts_the_workers_when_somebody_connects(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    command = ["systemd-socket-activate", f"--listen={path}", *COMMAND, "serve", "shop_here:service", "--workers=2"]
    with attended(subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ})) as program:
        with localsocket.Client(path, timeout=PATIENCE, wait_for_server=True) as client:
            assert client.call("add", 2, 3) == 5
        end(program)
    assert named_endpoints() == []


# --- run() ------------------------------------------------------------------------------------------------------------


def test_a_program_runs_workers_of_a_service_that_it_has_made(module: Path) -> None:
    program = f"{MODULE}\nlocalsocket.run(service, workers=2)\nprint('returned')\n"
    command = [sys.executable, "-W", "error", "-c", program]
    with attended(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as running:
        line_with(running, "serving")
        assert who()[0] != running.pid
        running.send_signal(signal.SIGHUP)
        line_with(running, "reloaded")
        running.terminate()
        output, _ = running.communicate(timeout=PATIENCE)
    assert (running.returncode, output) == (0, b"returned\n")  # in one process


def test_a_program_with_threads_is_not_forked() -> None:
    gate = threading.Event()
    with Background(gate.wait):
        try:
            with pytest.raises(RuntimeError, match=r"its other threads \(1\)"):
                localsocket.run(localsocket.Service("demo.shop"), workers=2)
        finally:
            gate.set()


@pytest.mark.parametrize("options", [{"workers": 0}, {"workers": 2, "idle_timeout": 1.0}])
def test_what_workers_cannot_do_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="workers"):
        localsocket.run(localsocket.Service("demo.shop"), **options)  # type: ignore[arg-type]
