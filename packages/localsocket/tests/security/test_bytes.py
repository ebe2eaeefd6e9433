"""What comes through the door: lessons S17 and S24, as far as lines, lengths and logs go."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket import EventSocket, Handler, Limits, LocalSocket, ServerThread, connect, listen, pair
from localsocket.errors import (
    ClosedByPeer,
    DeadlinePassed,
    EndOfStream,
    LimitExceeded,
    LineTooLong,
    LocalSocketError,
    NeedMoreBytes,
)
from localsocket.interfaces import KIB, MIB
from programs import NOBODY, Program, run

# Colours, a window title, a carriage return that hides what stands before it, a bell, a NUL, the C1 form of ESC [.
HOSTILE = b"\x1b[2J\x1b]0;owned\x07\r\x00\x9b31m"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@contextlib.contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Fail when more memory is allocated at any moment of the block."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def send_until_closed(socket: LocalSocket, data: bytes) -> None:
    with contextlib.suppress(ClosedByPeer):
        while True:
            socket.write(data)


# --- S17: lengths from the wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0xFFFFFFFF, 2**63, 8 * MIB + 1])
def test_s17_a_lying_length_is_refused_before_anything_is_allocated(length: int) -> None:
    ours, theirs = pair()
    with ours, theirs:
        theirs.write(struct.pack(">Q", length) + b"a few bytes")
        with at_most(MIB):
            (promised,) = struct.unpack(">Q", ours.read_exactly(8))
            with pytest.raises(
                LimitExceeded, match=f"cannot read {promised} bytes at once: the read buffer holds at most"
            ):
                ours.read_exactly(promised)
            with pytest.raises(LimitExceeded):
                ours.read_exactly_nowait(promised)
            assert ours.read() == b"a few bytes"


def test_s17_memory_grows_by_what_arrived_and_not_by_what_was_promised() -> None:
    ours, theirs = pair()
    with ours, theirs:
        theirs.write(b"a few bytes")
        with at_most(MIB):
            with pytest.raises(DeadlinePassed):
                ours.read_exactly(8 * MIB, timeout=0)
            with pytest.raises(NeedMoreBytes):
                ours.read_exactly_nowait(8 * MIB)
        assert ours.read() == b"a few bytes"


def test_s17_a_line_without_end_is_given_up_at_its_limit() -> None:
    ours, theirs = pair()
    with ours, theirs:
        sender = threading.Thread(target=send_until_closed, args=[theirs, bytes(64 * KIB)])
        with at_most(4 * MIB):
            sender.start()
            with pytest.raises(
                LineTooLong, match="the peer sent more than 65536 bytes without a line ending"
            ) as caught:
                ours.read_line(timeout=60)
            assert caught.value.limit == 64 * KIB
            assert ours.bytes_available < MIB
            ours.close()
            sender.join()


def test_s17_a_line_without_end_costs_a_loop_no_more_than_its_connection(runtime_directory: Path) -> None:
    class Lines(Handler):
        def __init__(self) -> None:
            self.errors: list[Exception] = []

        def ready_read(self, socket: EventSocket) -> None:
            try:
                socket.write(socket.read_line_nowait() + b"\n")
            except NeedMoreBytes:
                pass
            except LineTooLong as error:
                self.errors.append(error)
                socket.abort()

    handler = Lines()
    with ServerThread("lines", handler, limits=Limits(line=1000)), at_most(4 * MIB):
        with connect("lines") as endless:
            send_until_closed(endless, bytes(100))
        with connect("lines") as good:
            good.write(b"short\n")
            assert good.read_line(timeout=60) == b"short"
        assert [str(error) for error in handler.errors] == ["the peer sent more than 1000 bytes without a line ending"]


# --- S24: nothing of the peer's reaches a log or a terminal raw ---------------------------------------------------


def text_of(error: BaseException) -> str:
    return f"{error} {error!r} {error.args}"


def test_s24_no_error_and_no_repr_quotes_what_the_peer_sent() -> None:
    ours, theirs = pair(limits=Limits(line=4))
    texts = []
    with ours:
        with theirs:
            theirs.write(HOSTILE)
            assert ours.wait_readable()
            texts.append(repr(ours))
            attempts: list[Callable[[], bytes]] = [
                ours.read_line_nowait,
                lambda: ours.read_exactly_nowait(1000),
                lambda: ours.read_exactly(2**40),
                lambda: ours.read_exactly(1000, timeout=0),
            ]
            for attempt in attempts:
                with pytest.raises((LineTooLong, NeedMoreBytes, LimitExceeded, DeadlinePassed)) as caught:
                    attempt()
                texts.append(text_of(caught.value))
        with pytest.raises(EndOfStream) as ended:
            ours.read_exactly(1000)
        texts.append(text_of(ended.value))
        assert ours.read() == HOSTILE
    assert len(texts) == 6
    for text in texts:
        assert not CONTROL.search(text)
        assert "owned" not in text


class Failing(Handler):
    """Trips over what it is sent."""

    def ready_read(self, socket: EventSocket) -> None:
        int(socket.read_available())


def fail(socket: LocalSocket) -> None:
    int(socket.read())


@pytest.mark.parametrize("handler", [Failing(), fail], ids=["loop", "threads"])
def test_s24_the_log_of_a_failed_handler_is_plain_text(
    runtime_directory: Path, handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    # The server's own address is the other text that gets into every record.
    path = runtime_directory / "a\x1b[2Jb"
    with ServerThread(path, handler), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(HOSTILE)
        assert client.recv(1) == b""
    assert "because its handler failed" in caplog.text
    (record,) = caplog.records
    assert not CONTROL.search(logging.Formatter().format(record))
    assert r"a\x1b[2Jb" in caplog.text


@pytest.mark.long
@pytest.mark.root
def test_s24_a_refused_client_gets_no_word_into_the_log(
    public_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = public_directory / "x.sock"
    with ServerThread(path, Failing(), mode=0o666) as thread:
        own_path = f"--bound-to={public_directory}/uid=0\x1b[2Jowned"
        run("knock.py", path, own_path, uid=NOBODY)
        assert thread.server.refused_connections == 1
        assert not CONTROL.search(repr(thread.server))
    (message,) = caplog.messages
    assert re.fullmatch(
        rf"refused a connection \(1 so far\): the other end is process \d+ of uid {NOBODY}, but only uid 0 is allowed",
        message,
    )


def test_s24_addresses_are_quoted_wherever_they_are_named(runtime_directory: Path) -> None:
    path = f"{runtime_directory}/\x1b[2J\x9b\n"
    texts = []
    with listen(path) as server, connect(path) as client, ServerThread(server, Failing()) as thread:
        texts += [repr(server), repr(client), repr(thread)]
        with pytest.raises(LocalSocketError) as taken:
            listen(path)
        texts.append(text_of(taken.value))
    for face in (connect, lambda address: listen(f"{address}/x"), lambda address: listen(f"\x1b{address}")):
        with pytest.raises(LocalSocketError) as caught:
            face(path)
        texts.append(text_of(caught.value))
    assert len(texts) == 7
    for text in texts:
        assert not CONTROL.search(text)
        assert "\n" not in text


@pytest.mark.long
def test_s24_the_pid_in_a_lock_file_is_a_number_or_nothing(runtime_directory: Path) -> None:
    with Program("serve.py", runtime_directory / "x.sock") as server:
        server.read()
        (runtime_directory / ".x.sock.lock").write_bytes(HOSTILE)
        with pytest.raises(LocalSocketError) as caught:
            listen(runtime_directory / "x.sock")
    assert not CONTROL.search(text_of(caught.value))
    assert os.listdir(runtime_directory) == []
