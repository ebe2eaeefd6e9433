"""Every way in which a command can end has its status and at most one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

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


@pytest.mark.parametrize(
    "moment", ["localsocket.cli.app", "localsocket.cli.declaring", "localsocket.cli.watching", "exit"]
)
def test_an_interrupt_at_any_moment_ends_it_with_130_and_without_a_word(moment: str) -> None:
    program = (
        "import atexit, os, signal, sys\n"
        "moment = sys.argv.pop(1)\n"
        "def interrupt(event, arguments):\n"
        "    if event == 'import' and arguments[0] == moment:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(interrupt)\n"
        "if moment == 'exit':\n"
        "    atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "from localsocket.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", program, moment, "list", "--help"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
