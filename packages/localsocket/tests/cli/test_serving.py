"""`localsocket serve`: what is found, how it is served, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import localsocket
from localsocket.blocking.service_loop import ServiceLoop
from localsocket.errors import BrokenEndpoint, CallFailed, ClosedByPeer
from localsocket.services import protocols
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.tools.endpoints import named_endpoints

Command = Callable[..., tuple[int, str, str]]
Start = Callable[..., subprocess.Popen[bytes]]

BEFORE = [signal.SIG_DFL, signal.default_int_handler]

MODULE = """\
from pathlib import Path

import localsocket

service = localsocket.Service("demo.served")


@service.method
def add(a: int, b: int) -> int:
    return a + b


@service.method
def fail(text: str) -> None:
    raise ValueError(text)


@service.method
def read(path: str) -> str:
    return Path(path).read_text()


tasks = localsocket.Service("demo.tasks")


@tasks.method(name="add")
async def add_soon(a: int, b: int) -> int:
    return a + b
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a directory with a module `served_here`, which is forgotten afterwards."""
    path = tmp_path / "served_here.py"
    path.write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield path
    for name in [name for name in sys.modules if name.startswith("served_here")]:
        del sys.modules[name]


def serve_until(done: Callable[[], None], number: signal.Signals = signal.SIGTERM) -> Background[None]:
    """Wait for an endpoint, do something, and end this process's command by a signal."""

    def run() -> None:
        try:
            wait_until(named_endpoints)
            done()
        finally:
            os.kill(os.getpid(), number)

    return Background(run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("name", "address"), [("service", "demo.served"), ("tasks", "demo.tasks")])
def test_a_service_is_served_at_its_name_until_a_signal(
    serve: Command, number: signal.Signals, name: str, address: str
) -> None:
    def use() -> None:
        with localsocket.Client(address, timeout=PATIENCE) as client:
            assert client.call("add", 2, 3) == 5

    with serve_until(use, number):
        status, output, errors = serve(f"served_here:{name}")
    assert (status, output) == (0, "")
    (began, ended) = errors.splitlines()
    assert re.fullmatch(rf"[-0-9]+ [:,0-9]+ INFO localsocket.serving: serving {address} at {address}", began)
    assert ended.endswith(" INFO localsocket.serving: stopping")
    assert named_endpoints() == []
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == BEFORE


def test_another_address_may_be_given(serve: Command) -> None:
    def look() -> None:
        assert [each.address for each in named_endpoints()] == ["demo.other"]

    with serve_until(look):
        assert serve("served_here:service", "--at", "demo.other")[0] == 0


def test_only_the_protocols_that_are_named_are_spoken(serve: Command) -> None:
    def call() -> None:
        with pytest.raises(ClosedByPeer), localsocket.Client("demo.served", timeout=PATIENCE):
            pass
        with localsocket.Client("demo.served", timeout=PATIENCE, protocol="varlink") as client:
            assert client.call("add", a=2, b=3) == 5

    with serve_until(call):
        status, _, errors = serve("served_here:service", "--protocols", "varlink, http")
    assert status == 0
    assert "its first byte is 0x00, with which localsocket begins, which is not spoken here" in errors


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("varlnk", "did you mean 'varlink'?"),
        ("localsocket,gopher", "there are localsocket, varlink, http"),
        (",", "'' is not a protocol"),
    ],
)
def test_a_protocol_that_there_is_not_is_wrong_usage(serve: Command, named: str, said: str) -> None:
    status, output, errors = serve("served_here:service", "--protocols", named)
    assert (status, output) == (2, "")
    assert said in " ".join(errors.replace("│", " ").split())


def test_a_protocol_whose_package_is_missing_is_wrong_usage(serve: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(protocols._NEEDS, "http", ("no_such_module", "http"))
    status, output, errors = serve("served_here:service", "--protocols", "http")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "pip install 'localsocket[http]'" in errors


def test_a_failure_is_logged_in_full_and_cannot_forge_the_log(serve: Command, hostile: str) -> None:
    def fail() -> None:
        with localsocket.Client("demo.served") as client, pytest.raises(CallFailed) as failed:
            client.call("fail", hostile)
        references.append(failed.value.reference)

    references: list[str] = []
    with serve_until(fail):
        _, _, errors = serve("served_here:service")
    assert f"reference {references[0]}" in errors
    assert "\n    ValueError: \\x1b]0;owned" in errors
    assert {letter for letter in errors if not letter.isprintable()} == {"\t", "\n"}
    assert all(re.match(r"    |20\d\d-", line) for line in errors.splitlines())


def test_logging_that_the_module_set_up_is_left_as_it_is(serve: Command, module: Path) -> None:
    module.write_text(f"import logging\nlogging.basicConfig(format='mine %(message)s', level=20)\n{MODULE}")
    with serve_until(lambda: None):
        _, _, errors = serve("served_here:service")
    assert errors.splitlines()[0] == "mine serving demo.served at demo.served"


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("served_here", 2, "write MODULE:SERVICE, such as tutorial:service, not 'served_here'"),
        (":service", 2, "write MODULE:SERVICE"),
        ("served_here:", 2, "write MODULE:SERVICE"),
        ("served_nowhere:service", 2, "there is no module 'served_nowhere' in "),
        ("served_here.inner:service", 2, "there is no module 'served_here.inner' in "),
        ("served_here:nothing", 2, "the module 'served_here' has no service 'nothing'; it has service, tasks"),
        ("served_here:add", 2, "has no service 'add'"),
        ("threading:Thread", 2, "the module 'threading' has no service 'Thread'; it has none"),
        ("served_here_needing:service", 1, "importing 'served_here_needing' failed: ModuleNotFoundError: No module"),
        ("served_here_broken:service", 1, "failed: ZeroDivisionError: division by zero ("),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(
    serve: Command, tmp_path: Path, target: str, status: int, said: str
) -> None:
    (tmp_path / "served_here_needing.py").write_text("import served_by_nobody")
    (tmp_path / "served_here_broken.py").write_text("\n1 / 0\n")
    ended, output, errors = serve(target)
    assert (ended, output, errors.count("\n")) == (status, "", 1)
    assert said in errors
    assert "broken" not in target or errors.endswith("served_here_broken.py, line 2)\n")


def test_a_name_that_is_taken_is_refused(serve: Command) -> None:
    with localsocket.listen("demo.served"):
        status, _, errors = serve("served_here:service")
    assert status == 1
    assert f"is owned by process {os.getpid()}" in errors


def test_a_server_that_fails_ends_the_command(serve: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(serving: ServiceLoop) -> None:
        serving._loop.close()
        raise BrokenEndpoint("accepting", OSError(5, "Input/output error"))

    monkeypatch.setattr(ServiceLoop, "run", fail)
    status, _, errors = serve("served_here:service")
    assert status == 1
    stopping, failed = errors.splitlines()[-2:]
    assert stopping.endswith(" stopping")  # of itself, without a signal
    assert failed == "localsocket: accepting failed: Input/output error"
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == BEFORE


def test_a_signal_that_the_module_handles_ends_nothing(serve: Command) -> None:
    handled: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: handled.append(number))

    def use() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(lambda: handled)
        with localsocket.Client("demo.served", timeout=PATIENCE) as client:
            assert client.call("add", 2, 3) == 5

    try:
        with serve_until(use):
            assert serve("served_here:service")[0] == 0
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_that_was_ignored_stays_ignored(serve: Command) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with serve_until(lambda: os.kill(os.getpid(), signal.SIGINT)):
            status, _, errors = serve("served_here:service")
    finally:
        signal.signal(signal.SIGINT, before)
    assert status == 0
    assert "stopping" in errors


@pytest.mark.long
def test_a_program_that_is_stopped_lets_calls_end(start: Start, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    program = start("serve", "served_here:service")
    with localsocket.Client("demo.served", timeout=PATIENCE, wait_for_server=True) as client:
        reading = client.start("read", str(fifo))
        with fifo.open("w") as held:  # which waits for the call to open the other end
            program.send_signal(signal.SIGTERM)
            wait_until(lambda: not named_endpoints())
            held.write("read")
        assert reading.result(timeout=PATIENCE) == "read"
    output, errors = program.communicate()
    assert (program.returncode, output) == (0, b"")
    assert errors.endswith(b"stopping\n")


# --- who may connect --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--any-user"], "--any-user lets others in, but a name is in this user's private directory"),
        (["--allow", "12345"], "--allow [12345] lets others in, but a name is in this user's private directory"),
        (["--any-user", "--at", "@x"], "an abstract address has no permissions"),
        (["--any-user", "--mode=600", "--at=./x.sock"], "mode 0600 does not let them connect"),
    ],
)
def test_a_server_that_nobody_could_reach_is_not_started(serve: Command, options: list[str], reason: str) -> None:
    status, _, errors = serve("served_here:service", *options)
    assert status == 2
    assert reason in errors
    assert errors.startswith("localsocket: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("name", ["serve", "cat", "call"])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--any-user", "--allow=root"], "--any-user and --allow cannot be combined"),
        (["--allow=no such user"], "there is no user 'no such user'"),
        (["--allow=0,"], "there is no user ''"),
    ],
)
def test_a_wrong_choice_of_users_is_wrong_usage(command: Command, name: str, options: list[str], reason: str) -> None:
    arguments = {"serve": ["served_here:service"], "cat": ["demo"], "call": ["demo", "add"]}[name]
    status, _, errors = command(name, *options, *arguments)
    assert status == 2
    assert reason in " ".join(errors.replace("│", " ").split())


@pytest.mark.parametrize("mode", ["8", "rw", "1777", "-1", "0x1ff"])
def test_a_wrong_mode_is_wrong_usage(command: Command, mode: str) -> None:
    status, _, errors = command("serve", "served_here:service", f"--mode={mode}")
    assert status == 2
    assert f"'{mode}' is not a mode" in " ".join(errors.replace("│", " ").split())


@pytest.mark.parametrize(("mode", "permissions"), [("640", 0o640), ("0640", 0o640), ("0o640", 0o640), ("", 0o600)])
def test_the_mode_of_the_file_is_what_is_asked_for(
    serve: Command, runtime_directory: Path, mode: str, permissions: int
) -> None:
    def look() -> None:
        assert [each.mode for each in named_endpoints()] == [permissions]

    with serve_until(look):
        assert serve("served_here:service", f"--mode={mode}")[0] == 0
