"""`--start MODULE:SERVICE`, `--idle-timeout` and `localsocket mcp`: services that commands start, and use."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attended_programs import attended
from cli.conftest import COMMAND, Ended
from localsocket import Client, ServerThread, Service
from localsocket.cli import daemon_program
from localsocket.cli.app import run
from localsocket.endpoint import detached
from localsocket.errors import ServerNotFound
from localsocket.testing import PATIENCE

Command = Callable[..., Ended]

MODULE = """\
import os

import localsocket

service = localsocket.Service("demo.started")


@service.method(read_only=True)
def pid() -> int:
    return os.getpid()
"""

NAME = "demo.started"


@pytest.fixture(autouse=True)
def module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime_directory: Path, nothing_left_behind: None
) -> Iterator[None]:
    """Work in a directory with a module `started_here`; end what was started, and remove its log."""
    (tmp_path / "started_here.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("started_here", None)
    for process in detached._started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    detached._reap()
    for left in (runtime_directory / "localsocket").glob("*"):
        left.unlink()
    for left in (runtime_directory / "localsocket").glob(".*"):
        left.unlink()


def test_call_starts_the_service_of_a_module_once(command: Command) -> None:
    start = ["--start", "started_here:service", "--timeout", PATIENCE]
    first = command("call", NAME, "pid", *start)
    assert (first.status, first.errors) == (0, "")
    assert command("call", NAME, "pid", *start).output == first.output
    assert detached._started[-1].pid == int(first.output)


@pytest.mark.parametrize(
    ("target", "status", "told"),
    [("nowhere:service", 3, "nowhere"), ("started_here:other", 3, "other"), ("started_here", 2, "MODULE:SERVICE")],
)
def test_call_tells_why_a_service_was_not_started(command: Command, target: str, status: int, told: str) -> None:
    ended = command("call", NAME, "pid", "--start", target, "--timeout", PATIENCE)
    assert ended.status == status
    assert told in ended.errors


def test_serve_ends_when_nobody_has_been_connected(command: Command) -> None:
    ended = command("serve", "started_here:service", "--idle-timeout", "0.05")
    assert (ended.status, ended.output) == (0, "")
    with pytest.raises(ServerNotFound), Client(NAME):
        pass
    assert command("serve", "started_here:service", "--idle-timeout", "0").status == 2


def test_a_daemon_ends_when_nobody_has_been_connected() -> None:
    daemon_program.main("started_here:service", NAME, "0.05")
    with pytest.raises(ServerNotFound), Client(NAME):
        pass


def test_mcp_serves_on_standard_input_and_output_and_brings_little(runtime_directory: Path) -> None:
    """What it loads decides about how many of it a machine can bear."""
    service = Service(NAME)
    service.method(os.getpid, name="pid", read_only=True)
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ]
    told = "import atexit, json, sys; sys.argv = sys.argv[1:]; import localsocket.cli; "
    told += "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr)); localsocket.cli.main()"
    command = [sys.executable, "-W", "error", "-c", told, "localsocket", "mcp", NAME, "--read-only"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with ServerThread(NAME, service), subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        process.stdin.flush()
        agreed, listed = (json.loads(process.stdout.readline()) for _ in lines)
        process.stdin.close()
        loaded = set(json.loads(process.stderr.read()))
        assert process.wait(PATIENCE) == 0
    assert agreed["result"]["serverInfo"]["name"] == NAME
    assert [tool["name"] for tool in listed["result"]["tools"]] == ["pid"]
    assert not loaded & {"_hashlib", "asyncio", "mcp", "pydantic", "rich", "ssl", "subprocess", "typer"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "NAME"),
        ([NAME, "--stat", "x:y"], "--stat"),
        ([NAME, "--start", "x"], "MODULE:SERVICE"),
        ([NAME, "--directory", "/"], "--start"),
        ([NAME, "--start", "x:y", "--idle-timeout", "0"], "--idle-timeout"),
        ([NAME, "--timeout", "-1"], "--timeout"),
    ],
)
def test_mcp_refuses_what_it_does_not_understand(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:  # not by main(), which has Ctrl-C end the process from then on
        run(["mcp", *arguments])
    assert end.value.code == 2
    output = capsys.readouterr()
    assert told in output.err
    assert output.out == ""


def test_mcp_is_among_the_commands_and_has_help_of_its_own(command: Command) -> None:
    assert "mcp" in command("--help").output
    shown = command("mcp", "--help")
    assert shown.status == 0
    assert "--read-only" in shown.output


@pytest.mark.long
def test_mcp_starts_the_service_when_it_is_asked_for_something(tmp_path: Path) -> None:
    arguments = ["mcp", NAME, "--start", "started_here:service", "--directory", str(tmp_path), "--idle-timeout", "0.1"]
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "pid", "arguments": {}}},
    ]
    with attended(
        subprocess.Popen([*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        process.stdin.flush()
        _, called = (json.loads(process.stdout.readline()) for _ in lines)
        assert int(called["result"]["content"][0]["text"]) != process.pid
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
