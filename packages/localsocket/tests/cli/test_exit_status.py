"""Every way in which a command can end has its status and at most one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localsocket import errors
from localsocket.cli.exit_status import CommandFailed, ExitStatus, ending_with_a_status
from localsocket.testing import PATIENCE


def ended_by(error: BaseException) -> int:
    with pytest.raises(SystemExit) as end, ending_with_a_status():
        raise error
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ServerNotFound("x"), 3),
        (errors.ServerRefused("x"), 3),
        (errors.ServerBusy("x"), 3),
        (errors.AccessDenied("x"), 3),
        (errors.PeerRefused(None, "root"), 3),
        (errors.PeerUnknown(None, "root"), 3),
        (errors.InsecureDirectory("/x", "because"), 3),
        (errors.ClosedByPeer("reading"), 3),
        (errors.StartFailed("x", ["true"], 1), 3),
        (errors.DeadlinePassed("reading", 1), 4),
        (errors.InvalidAddress("x", "because"), 2),
        (errors.AddressTooLong("x", 2, 1, "it"), 2),
        (errors.UnsuitableAllow("x", "/x", "because"), 2),
        (errors.UnsuitableMessage("msgpack", "because"), 2),
        (errors.Unsupported("not here"), 2),
        (CommandFailed("wrong", ExitStatus.USAGE), 2),
        (CommandFailed("no"), 1),
        (errors.NameTaken("x", 7), 1),
        (errors.PathOccupied("/x", "a file"), 1),
        (errors.PeerBrokeProtocol("nonsense"), 1),
        (errors.CallFailed("add", "no"), 1),
        (errors.NoSuchMethod("add", "x"), 1),
        (errors.NotAllowed("add"), 1),
        (errors.BrokenEndpoint("reading", OSError(5, "broken")), 1),
        (PermissionError(13, "Permission denied", "/x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_each_error_has_its_status_and_one_line(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_by(error) == status
    output, said = capsys.readouterr()
    assert not output
    assert said.startswith("localsocket: ")
    assert said.count("\n") == 1


def test_being_interrupted_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_by(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (errors.ServerNotFound("x"), "no server at 'x'; start it, wait for it with --wait, or see"),
        (errors.ServerRefused("x"), "whose server is gone; restart the server, or wait for it with --wait"),
        (errors.DeadlinePassed("calling 'add'", 0.987), "calling 'add' took too long; --timeout gives it more time"),
        (errors.RemoteError("f", "NotFound", ["no joe"], {}), "NotFound: no joe\n"),
        (errors.RemoteError("f", "NotFound", [], {}), ": NotFound\n"),
        (errors.RemoteError("f", "NotFound", ["joe", 5], {}), "NotFound: 'joe', 5\n"),
        (IsADirectoryError(21, "Is a directory", "/x"), "localsocket: /x: Is a directory\n"),
        (OSError(5, "broken"), "localsocket: broken\n"),
        (OSError("strange"), "localsocket: strange\n"),
    ],
)
def test_what_to_do_next_is_said_in_the_words_of_the_command_line(
    error: Exception, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended_by(error)
    assert advice in capsys.readouterr().err


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), ending_with_a_status():
        raise ZeroDivisionError


@pytest.mark.parametrize("name", ["describe", "call", "subscribe", "cat"])
@pytest.mark.parametrize("seconds", ["nan", "-1", "soon"])
def test_a_time_out_that_is_none_is_wrong_usage(
    command: Callable[..., tuple[int, str, str]], name: str, seconds: str
) -> None:
    status, output, errors = command(name, "demo.none", "x", "--timeout", seconds)
    assert (status, output) == (2, "")
    assert "--timeout" in errors


def ended(program: str, *words: str) -> tuple[int, str]:
    without = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-W", "error", "-c", program, *words]
    done = subprocess.run(
        command, env=without, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stdout


INTERRUPTED_AMID_IMPORTS = """
import atexit, os, signal, sys
from localsocket.cli import main

class InterruptBefore:
    def __init__(self, moment):
        self.moment = moment

    def find_spec(self, name, *_):
        if name == self.moment:
            sys.meta_path.remove(self)  # once: a second interrupt would hide what the first has done
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
moments, before = sys.argv.pop(1).split(","), set(sys.modules)
while moments:
    moment = moments.pop(0)
    hears, told = os.pipe()
    if not os.fork():
        loaded = lambda: [name for name in set(sys.modules) - before if name.startswith(("localsocket", "msgspec"))]
        atexit.register(lambda: os.write(told, ",".join(["datetime", *loaded()]).encode()))  # of the uninterrupted
        sys.meta_path.insert(0, InterruptBefore(moment))
        main()
    os.close(told)
    with open(hears) as output:
        moments += output.read().split(",") if moment == "all" else []
    print(moment, os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
MOMENTS = "localsocket.cli.app,localsocket.cli.calling,localsocket.blocking.client,datetime"
"""The last is not ours: msgspec loads it in the midst of its own making, and cannot be interrupted then."""


@pytest.mark.parametrize("moments", [MOMENTS, pytest.param("all", marks=pytest.mark.exhaustive)], ids=["some", "all"])
def test_an_interrupt_amid_an_import_ends_a_call_with_130_and_without_a_word(
    moments: str, runtime_directory: Path
) -> None:
    (runtime_directory / "localsocket").mkdir(0o700)
    status, told = ended(INTERRUPTED_AMID_IMPORTS, moments, "call", "demo.none", "x")
    if moments == "all":
        complaint, uninterrupted, *lines = told.splitlines()
        assert "no server at 'demo.none'" in complaint
        assert uninterrupted == f"all {ExitStatus.NO_SERVER:d}"
    else:
        lines = told.splitlines()
    endings = dict(line.rsplit(" ", 1) for line in lines)
    assert (status, {*MOMENTS.split(",")} <= {*endings}, {*endings.values()}) == (0, True, {"130"}), told


def test_an_interrupt_at_the_exit_ends_it_with_130_and_without_a_word() -> None:
    program = (
        "import atexit, os, signal\n"
        "from localsocket.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "main()\n"
    )
    status, told = ended(program, "list", "--help")
    assert (status, told.partition(" ")[0]) == (130, "Usage:")


def test_nothing_is_loaded_before_ctrl_c_ends_the_command_line_quietly() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import _signal, localsocket.cli\n"
        "print(*set(sys.modules) - before - sys.stdlib_module_names.intersection(sys.builtin_module_names))\n"
    )
    status, told = ended(program)
    assert (status, {*told.split()}) == (0, {"localsocket", "localsocket.cli"})
