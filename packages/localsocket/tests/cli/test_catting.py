"""`localsocket cat`: bytes in both directions, and every way in which that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import localsocket
from localsocket import LocalSocket
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.tools.endpoints import named_endpoints
from programs import NOBODY, Program

BYTES = bytes(range(256)) * 2048

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]
Start = Callable[..., subprocess.Popen[bytes]]
Typed = Callable[[bytes], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Typed:
    """Have the standard input of this process be the bytes that are given."""

    def type_in(data: bytes) -> None:
        (tmp_path / "input").write_bytes(data)
        source = (tmp_path / "input").open()
        request.addfinalizer(source.close)
        monkeypatch.setattr(sys, "stdin", source)

    return type_in


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a standard input on which nothing ever comes."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as source, os.fdopen(writing):
        monkeypatch.setattr(sys, "stdin", source)
        yield


def spell_backwards(socket: LocalSocket) -> None:
    socket.write(socket.read_to_end()[::-1])


# --- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_two_programs_send_each_other_every_byte(start: Start) -> None:
    server = start("cat", "--listen", "demo.cat", "--timeout", PATIENCE)
    client = start("cat", "demo.cat", "--wait", "--timeout", PATIENCE)
    with Background(server.communicate, BYTES) as served:
        assert client.communicate(BYTES[::-1]) == (BYTES, b"")
        assert served.result() == (BYTES[::-1], b"")
    assert (client.returncode, server.returncode) == (0, 0)
    assert named_endpoints() == []


def test_the_end_of_the_input_reaches_the_server_whose_answer_is_the_output(command: Command, typed: Typed) -> None:
    typed(b"stressed")
    with localsocket.ServerThread("demo.cat", spell_backwards):
        assert command("cat", "demo.cat") == (0, "desserts", "")


def test_a_listening_cat_serves_one_client_and_takes_its_name_down(command: Command, typed: Typed) -> None:
    typed(b"hello")

    def ask() -> bytes:
        with localsocket.connect("demo.cat", timeout=PATIENCE, wait_for_server=True) as socket:
            socket.write(b"who is there?")
            answer = socket.read_exactly(5, timeout=PATIENCE)
            assert named_endpoints() == []
            return answer

    with Background(ask) as client:
        assert command("cat", "-l", "demo.cat") == (0, "who is there?", "")
        assert client.result() == b"hello"


def test_a_closed_standard_input_is_an_empty_one(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with localsocket.ServerThread("demo.cat", lambda socket: socket.write(socket.read_to_end() + b"nothing")):
        assert command("cat", "demo.cat") == (0, "nothing", "")


def test_a_terminal_is_shown_what_a_peer_sends_and_obeys_none_of_it(
    on_terminal: OnTerminal, typed: Typed, hostile: str, check_harmless: Callable[[str], None]
) -> None:
    typed(b"")

    def lie(socket: LocalSocket) -> None:
        for byte in hostile.encode():
            socket.write(bytes([byte]))
        socket.write(b"\xc3")  # half a character, at the end

    with localsocket.ServerThread("demo.cat", lie):
        status, shown = on_terminal("cat", "demo.cat")
    assert status == 0
    check_harmless(shown.replace("\t", ""))
    assert shown.endswith(r"[bold]end\xc3")


# --- ends -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["demo.none"], 3, "no server at 'demo.none'"),
        (["demo.none", "--wait", "--timeout", "0.01"], 4, "no server listens at 'demo.none' (tried for 0.01 s)"),
        (["--listen", "demo.none", "--timeout", "0.01"], 4, "accepting a connection at 'demo.none' took too long"),
        (["demo.here", "--timeout", "0.01"], 4, "waiting for the next byte took too long"),
        (["--listen", "demo.here"], 1, "is owned by process"),
        (["no name"], 2, "'no name' is not an address"),
    ],
)
def test_what_goes_wrong_has_its_status_and_one_line(
    command: Command, arguments: list[str], status: int, said: str
) -> None:
    with localsocket.listen("demo.here"):
        ended, output, errors = command("cat", *arguments)
    assert (ended, output, errors.count("\n")) == (status, "", 1)
    assert said in errors


def test_a_server_that_leaves_without_reading_is_an_error(command: Command, typed: Typed) -> None:
    typed(BYTES)
    with localsocket.ServerThread("demo.cat", lambda socket: socket.read_exactly(1)):
        status, _, errors = command("cat", "demo.cat")
    assert status == 3
    assert "the peer closed the connection" in errors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_listening_cat_that_is_ended_takes_its_name_down(
    command: Command, signal_when_waiting: Callable[[int], None], number: signal.Signals, status: int
) -> None:
    def end() -> None:
        wait_until(named_endpoints)
        signal_when_waiting(number)

    with Background(end):
        assert command("cat", "--listen", "demo.cat") == (status, "", "")
    assert named_endpoints() == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.long
def test_an_interrupted_conversation_ends_without_a_word(start: Start) -> None:
    with localsocket.listen("demo.cat") as server:
        program = start("cat", "demo.cat")
        with server.accept(timeout=PATIENCE) as socket:
            socket.write(b"begun\n")
            assert program.stdout is not None
            assert program.stdout.readline() == b"begun\n"
            program.send_signal(signal.SIGINT)
            assert program.communicate() == (b"", b"")
            assert program.returncode == 130
            assert socket.read(timeout=PATIENCE) == b""


@pytest.mark.long
def test_when_nobody_reads_the_output_it_ends_without_a_word(start: Start) -> None:
    with localsocket.listen("demo.cat") as server:
        program = start("cat", "demo.cat")
        with server.accept(timeout=PATIENCE) as socket:
            assert program.stdout is not None
            program.stdout.close()
            socket.write(b"unheard")
            assert program.wait(PATIENCE) == 141
            assert program.stderr is not None
            assert program.stderr.read() == b""


@pytest.mark.long
@pytest.mark.root
def test_another_users_server_is_spoken_to_only_when_that_is_said(
    command: Command, typed: Typed, runtime_directory: Path
) -> None:
    runtime_directory.parent.chmod(0o755)
    place = runtime_directory.parent / "open"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    with Program("serve.py", place / "s", "--any-user", uid=NOBODY) as server:
        server.read()
        typed(b"")
        status, output, errors = command("cat", place / "s")
        assert (status, output) == (3, "")
        assert f"of uid {NOBODY}" in errors
        typed(b"")
        status, output, errors = command("cat", "--any-user", place / "s")
        assert (status, errors) == (0, "")
        assert f'"server": {server.pid}' in output
