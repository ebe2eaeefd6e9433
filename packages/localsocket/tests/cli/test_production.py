"""`localsocket serve` and run() as a service manager has them: its sockets, its questions, ends, logs and bad days."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
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
from typing import Any

import pytest

import localsocket
from attended_programs import attended
from cli.conftest import COMMAND
from cli.managing import Manager, activated
from localsocket.errors import LocalSocketError, Unsupported
from localsocket.serving import doors
from localsocket.serving.log_lines import JsonFormatter
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.tools.endpoints import named_endpoints

Command = Callable[..., tuple[int, str, str]]

MODULE = """\
import localsocket

service = localsocket.Service("demo.shop", version="2.1", log_calls=True)


@service.method(idempotent=True)
def add(a: int, b: int) -> int:
    return a + b
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "shop_here.py"
    path.write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield path
    sys.modules.pop("shop_here", None)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    found = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with found.socket:
        yield found


def run_until(done: Callable[[], None], service: localsocket.Service, **options: Any) -> None:
    """Run a service here, do something meanwhile, and end it by a signal."""

    def act() -> None:
        try:
            wait_until(named_endpoints)
            done()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with Background(act):
        localsocket.run(service, **options)


# --- under a service manager ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_no_call_is_lost_while_one_process_gives_way_to_another(tmp_path: Path) -> None:
    path, told = tmp_path / "x.sock", Manager("\0localsocket test " + tmp_path.name)
    environment = {**os.environ, "NOTIFY_SOCKET": "@localsocket test " + tmp_path.name}
    answers: list[int] = []
    has_enough = threading.Event()

    def call_on() -> None:
        with localsocket.Client(path, timeout=PATIENCE, reconnect=True) as client:
            number = 0
            while not has_enough.is_set():
                assert client.call("add", number, 1) == number + 1
                number += 1
                answers.append(number)

    with told.socket, socket.socket(socket.AF_UNIX) as listening, ExitStack() as running:
        listening.bind(str(path))
        listening.listen()
        serve = ["serve", "shop_here:service", "--log-level=warning"]
        first = running.enter_context(activated(listening, *serve, env=environment))
        told.wait_for("READY=1")
        callers = [running.enter_context(Background(call_on)) for _ in range(3)]
        wait_until(lambda: len(answers) > 100, "calls")
        second = running.enter_context(activated(listening, *serve, env=environment))
        told.wait_for("READY=1")
        first.send_signal(signal.SIGTERM)
        told.wait_for("STOPPING=1")
        assert first.wait(PATIENCE) == 0
        so_far = len(answers)
        wait_until(lambda: len(answers) > so_far + 100 or any(each.is_done for each in callers), "calls of the second")
        has_enough.set()
        for caller in callers:
            caller.result()
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE) == 0
        assert path.exists()  # which is the manager's


@pytest.mark.long
@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd is not installed")
def test_systemd_starts_it_when_somebody_connects(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    command = ["systemd-socket-activate", f"--listen={path}", *COMMAND, "serve", "shop_here:service"]
    with attended(subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ})) as program:
        with localsocket.Client(path, timeout=PATIENCE, wait_for_server=True) as client:
            assert client.call("add", 2, 3) == 5
        program.terminate()
        assert program.wait(PATIENCE) == 0
    assert named_endpoints() == []


@pytest.mark.long
@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_socket_of_another_kind_is_refused(tmp_path: Path, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_UNIX, kind) as given:
        given.bind(str(tmp_path / "x.sock"))
        with attended(activated(given, "serve", "shop_here:service")) as program:
            _, errors = program.communicate(timeout=PATIENCE)
    assert program.returncode == 1
    assert errors.count(b"\n") == 1
    assert b"'shop' of LISTEN_FDS" in errors
    assert b"ListenStream=" in errors


def test_sockets_of_another_process_are_no_reason_to_serve_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    with pytest.raises(Unsupported, match="process 1"):
        localsocket.run(localsocket.Service("demo.shop"))
    assert named_endpoints() == []


def test_a_number_of_sockets_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "one")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    with pytest.raises(Unsupported, match="'one'"):
        localsocket.run(localsocket.Service("demo.shop"))


def test_each_socket_that_is_handed_over_is_served(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000")
    service = localsocket.Service("demo.shop")
    given = {}
    for name in ("one", "two"):
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / name))
            listening.listen()
            given[name] = listening.detach()
    # In this process other files have the numbers from 3 on.
    monkeypatch.setattr(doors, "take_activation_descriptors", lambda: given)

    def use() -> None:
        try:
            manager.wait_for("READY=1")
            for name in given:
                with localsocket.Client(tmp_path / name, timeout=PATIENCE) as client:
                    assert client.call("localsocket.ping")["service"] == "demo.shop"
            manager.wait_for("WATCHDOG=1")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with Background(use):
        localsocket.run(service, limits=localsocket.Limits(), mode=0o640)
    assert named_endpoints() == []
    assert all((tmp_path / name).exists() for name in given)


@pytest.mark.parametrize("is_async", [False, True])
def test_the_watchdog_is_fed_by_a_loop_that_goes_on(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, *, is_async: bool
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000")
    service, gate = localsocket.Service("demo.shop"), threading.Event()

    if is_async:

        @service.method
        async def hold() -> None:
            gate.wait(PATIENCE)
    else:

        @service.method
        def hold() -> None:
            gate.wait(PATIENCE)

    def look() -> None:
        manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1")
        with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
            held = client.start("hold")
            wait_until(lambda: manager.is_quiet(1.0) is is_async, "the loop to be stuck, or not")
            gate.set()
            held.result()
            manager.wait_for("WATCHDOG=1")

    run_until(look, service)
    manager.wait_for("STOPPING=1")


def test_a_manager_that_is_gone_is_no_reason_not_to_serve(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    manager.socket.close()
    run_until(lambda: None, localsocket.Service("demo.shop"))
    assert "could not tell the service manager READY=1" in caplog.text


# --- ends -------------------------------------------------------------------------------------------------------------


class Held:
    """A service whose methods do not return until it has been stopped."""

    def __init__(self, kind: str) -> None:
        self.service = localsocket.Service("demo.shop")
        self.topic = self.service.topic("news", str)
        self.has_ended = threading.Event()
        self._holds = threading.Semaphore(0)
        for method in (self.hold, self.count) if kind == "plain" else (self.hold, self.count, self.hold_up):
            self.service.method(method)

    def hold(self) -> None:
        self._holds.release()
        self.has_ended.wait(PATIENCE)

    async def hold_up(self) -> None:
        self.hold()

    def count(self) -> Iterator[int]:
        yield from itertools.count()

    def stop_during(self, begin: Callable[[localsocket.Client], object], *, holding: int) -> None:
        """Run it, and stop it once `begin` has begun what is to be under way and so many calls hold their threads."""
        client = localsocket.Client("demo.shop", timeout=PATIENCE)

        def act() -> None:
            begin(client)
            for _ in range(holding):
                assert self._holds.acquire(timeout=PATIENCE)

        try:
            run_until(act, self.service, drain=0.05)
        finally:
            self.has_ended.set()
            with contextlib.suppress(LocalSocketError):
                client.close()


@pytest.mark.parametrize("kind", ["plain", "asyncio"])
def test_what_is_cut_at_the_end_is_told(caplog: pytest.LogCaptureFixture, kind: str) -> None:
    held, open_streams = Held(kind), []

    def begin(client: localsocket.Client) -> None:
        open_streams.append(client.subscribe("news"))  # of which there is no end, and so nothing to wait for
        open_streams.append(counts := client.stream("count", prefetch=1))
        assert next(counts) == 0
        for _ in range(2):
            client.start("hold")

    held.stop_during(begin, holding=2)
    assert "cut off after 0.05 s, because they had not ended: hold (2), count (1)\n" in caplog.text


@pytest.mark.long
def test_what_holds_up_the_loop_is_told_when_it_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    held = Held("asyncio")
    held.stop_during(lambda client: client.start("hold_up"), holding=1)
    assert "cut off after 0.05 s, because they had not ended: hold_up (1)\n" in caplog.text


# --- its log ----------------------------------------------------------------------------------------------------------


def test_the_log_may_be_json(serve: Command) -> None:
    def call() -> None:
        try:
            wait_until(named_endpoints)
            with localsocket.Client("demo.shop", timeout=PATIENCE) as client:
                client.call("add", 2, 3)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with Background(call):
        status, _, errors = serve("shop_here:service", "--log-json")
    lines = [json.loads(line) for line in errors.splitlines()]
    (called,) = (line for line in lines if "call" in line)  # before or behind others: it is of another thread
    lines.remove(called)
    assert status == 0
    assert [line["message"] for line in lines] == ["serving demo.shop at demo.shop", "stopping"]
    assert {line["level"] for line in lines} == {"INFO"}
    assert (called["call"]["method"], called["call"]["outcome"]) == ("add", "ok")


def test_an_error_is_one_line_of_json_too() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        record = logging.LogRecord("here", logging.ERROR, "x.py", 1, "it failed", (), (type(error), error, None))
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["exception"] == "ValueError: two\nlines"


@pytest.mark.long
def test_serving_goes_on_when_the_disk_of_the_log_is_full() -> None:
    with open("/dev/full", "w", encoding="ascii") as full:  # noqa: SIM117
        with attended(subprocess.Popen([*COMMAND, "serve", "shop_here:service"], stderr=full)) as program:
            with localsocket.Client("demo.shop", timeout=PATIENCE, wait_for_server=True) as client:
                assert [client.call("add", number, 1) for number in range(10)] == list(range(1, 11))
            program.terminate()
            assert program.wait(PATIENCE) == 0


# --- what would be served ---------------------------------------------------------------------------------------------


def test_what_would_be_served_is_said_and_not_served(command: Command) -> None:
    with localsocket.listen("demo.shop"):  # a name that is taken is none of its business
        status, output, errors = command("serve", "shop_here:service", "--check")
    assert (status, errors) == (0, "")
    assert output.startswith("would serve demo.shop 2.1 at demo.shop: 1 method and 0 topics, by localsocket, varlink")


@pytest.mark.parametrize("target", ["shop_here:nothing", "shop_nowhere:service", "shop_here"])
def test_what_cannot_be_served_is_found_out(command: Command, target: str) -> None:
    status, output, errors = command("serve", target, "--check")
    assert (status, output, errors.count("\n")) == (1, "", 1)
