"""`localsocket exchange` and `localsocket pingpong`, as a person and as a program sees them."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from attended_programs import attended
from localsocket.cli import measuring
from localsocket.tools.measure import RowPlan, for_comparison

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]

QUICK = ["--connections", "1,2", "--chunk", "100", "--seconds", "0.05", "--server", "thread"]


def run(*arguments: str, timeout: float = 150) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localsocket", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.long
def test_a_piped_table_is_plain_and_whole() -> None:
    done = run("exchange", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.partition("\n\n")[0].splitlines()
    assert head.split("  ")[0] == "test"
    assert [row.split()[:5] for row in rows] == [
        ["exchange", "socket", "process", "1", "100"],
        ["exchange", "blocking", "thread", "1", "100"],
        ["exchange", "blocking", "thread", "2", "100"],
    ]
    assert [row.split()[-1] for row in rows] == ["0", "0", "0"]
    assert "\x1b" not in done.stdout


@pytest.mark.long
def test_both_servers_are_measured_and_what_the_figures_mean_stands_below(command: Command) -> None:
    status, output, errors = command("exchange", "--connections", "1", "--chunk", "10", "--seconds", "0.02")
    assert (status, errors) == (0, "")
    table, legend, compared = output.split("\n\n")
    assert [row.split()[1:3] for row in table.splitlines()[1:]] == [
        ["socket", "process"],
        ["blocking", "thread"],
        ["blocking", "process"],
    ]
    assert {"messages/s", "p50,", "corrupted", "server", "face"} <= {line.split()[0] for line in legend.splitlines()}
    assert compared.startswith("Measured on ")


def test_exchange_takes_about_twenty_seconds_unless_it_is_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    planned: list[RowPlan] = []
    monkeypatch.setattr(measuring, "_run_rows", lambda plans, as_json: planned.extend(plans))
    assert command("exchange")[0] == 0
    assert {plan.server for plan in planned} == {"thread", "process"}
    rows = [*for_comparison(planned), *planned]
    assert 15 < sum(plan.seconds for plan in rows) < 20  # and what starting the servers takes


@pytest.mark.long
def test_json_on_the_output_is_all_there_is() -> None:
    done = run("pingpong", "--connections", "2", "--round-trips", "100", "--server", "process", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result["machine"]) == {"cpu", "cores", "kernel", "python"}
    compared_with, row = result["rows"]
    assert (compared_with["face"], compared_with["corrupted"]) == ("socket", 0)
    assert list(compared_with) == list(row)
    assert list(row) == [
        "test",
        "face",
        "server",
        "connections",
        "chunk_bytes",
        "seconds",
        "bytes_received",
        "messages_per_second",
        "mib_per_second",
        "corrupted",
        "p50_us",
        "p99_us",
    ]
    assert (row["test"], row["server"], row["connections"], row["corrupted"]) == ("pingpong", "process", 2, 0)


@pytest.mark.long
@pytest.mark.parametrize("face", ["aio", "aio-uvloop"])
def test_the_rows_say_on_which_face_they_were_measured(face: str) -> None:
    table = run("exchange", *QUICK, "--face", face)
    assert (table.returncode, table.stderr) == (0, "")
    head, *rows = table.stdout.partition("\n\n")[0].splitlines()
    assert head.split()[:3] == ["test", "face", "server"]
    assert [row.split()[1] for row in rows] == ["socket", face, face]
    as_json = run(
        "pingpong", "--connections", "2", "--round-trips", "10", "--server", "thread", "--face", face, "--json"
    )
    _, row = json.loads(as_json.stdout)["rows"]
    assert (row["test"], row["face"], row["corrupted"]) == ("pingpong", face, 0)


@pytest.mark.long
def test_a_terminal_shows_progress_and_a_table_with_a_rule() -> None:
    controller, terminal = pty.openpty()
    try:
        command = [sys.executable, "-m", "localsocket", "exchange", *QUICK]
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
        with attended(subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment)) as program:
            os.close(terminal)
            terminal = -1
            shown = _read_all(controller)
        assert program.returncode == 0
    finally:
        os.close(controller)
        if terminal >= 0:
            os.close(terminal)
    assert "2 connections, 100 bytes" in shown  # the progress bar, on its way
    assert "1/3" in shown
    assert "─" in shown


def _read_all(controller: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # Linux says EIO when the last program has left the terminal
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode()


@pytest.mark.long
def test_a_wrong_byte_makes_the_exit_status_one() -> None:
    program = (
        "import sys\n"
        "from localsocket.tools.echo_server import Echo\n"
        "def lie(self, socket):\n"
        "    socket.write(bytes(byte ^ 1 for byte in socket.read_available()))\n"
        "Echo.ready_read = lie\n"
        "from localsocket.cli import main\n"
        "sys.argv = ['localsocket', 'exchange', '--connections', '1', '--chunk', '10', '--seconds', '0.05']\n"
        "sys.argv += ['--server', 'thread']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert [row.split()[-1] == "0" for row in done.stdout.splitlines()[1:3]] == [True, False]


def test_a_row_that_is_skipped_says_why(tmp_path: Path) -> None:
    arguments = "exchange --connections 1,300 --chunk 10 --seconds 0.05 --server thread"
    command = f"ulimit -n 200; exec {sys.executable} -m localsocket {arguments}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "skipped exchange with 300 connections: needs 664 open files and this process may have 200" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["exchange", "--frequency", "5"], "--frequency"),
        (["exchange", "--connections", "1,x"], "not a list of whole numbers"),
        (["exchange", "--chunk", "0"], "not a list of whole numbers"),
        (["exchange", "--seconds", "-1"], "--seconds"),
        (["exchange", "--seconds", "nan"], "--seconds"),
        (["exchange", "--server", "moon"], "--server"),
        (["exchange", "--face", "sour"], "--face"),
        (["pingpong", "--round-trips", "0"], "--round-trips"),
        (["sing"], "sing"),
    ],
)
def test_a_bad_command_line_is_refused_with_its_reason(command: Command, arguments: list[str], complaint: str) -> None:
    status, output, errors = command(*arguments)
    assert (status, output) == (2, "")
    assert complaint in errors


@pytest.mark.parametrize("measurement", ["exchange", "pingpong"])
def test_a_face_whose_loop_is_not_installed_is_refused_with_what_to_install(
    command: Command, measurement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setenv("COLUMNS", "200")
    status, output, errors = command(measurement, "--face", "aio-uvloop")
    assert (status, output) == (2, "")
    assert "needs uvloop, which is not installed: pip install 'localsocket[uvloop]'" in errors
    assert "Traceback" not in errors


def test_without_rich_a_terminal_is_shown_what_a_pipe_gets(on_terminal: OnTerminal) -> None:
    find = importlib.util.find_spec
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "rich" else find(name, *more))
        status, shown = on_terminal("exchange", *QUICK)
    assert status == 0
    assert shown.startswith("test ")
    assert "\x1b" not in shown
