"""Qt's tst_qlocalsocket, functions 10 to 15: bytes, lines, limits and small protocols."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Client, Face
from conformance.recorder import PATIENCE, Reader, Recorder
from localsocket import EventLoop, EventSocket, Limits, LocalSocket, ServerThread, SocketState
from localsocket.errors import InvalidAddress, LineTooLong, NeedMoreBytes
from localsocket.sockets.connected_socket import ConnectedSocket

NAME = "conformance"


@pytest.mark.parametrize("name", ["", NAME], ids=["no name", "name"])
def test_10_send_data(name: str, face: Face) -> None:
    """A long line arrives whole, the reader has nothing to send, and each side's end is told once.

    A line is returned when all of it is there, so that no prefix of one is ever taken for a line.
    """
    if not name:
        with pytest.raises(InvalidAddress):
            face.connect(name)
        return
    line = b"test" + b"a" * 50_000
    with localsocket.listen(name) as server:
        client = face.connect(name)
        with server.accept(timeout=PATIENCE) as accepted:
            assert accepted.state is SocketState.CONNECTED
            accepted.write(line + b"\n", timeout=PATIENCE)
            face.wait_for_bytes(client, len(line) + 1)
            assert client.has_line
            assert client.bytes_available == len(line) + 1
            assert (client.bytes_to_write, client.flush_nowait()) == (0, 0)
            assert client.read_line_nowait() == line
            assert client.bytes_available == 0
            client.close()
            assert accepted.wait_disconnected(PATIENCE)


def test_10_send_data_events(loop: EventLoop) -> None:
    """No event comes before there is something; disconnecting is one event, and none is an error."""
    at_client = Reader()
    with localsocket.listen(NAME) as server:
        client = loop.connect(NAME, at_client)
        with server.accept() as accepted:
            at_client.wait_for("connected")
            assert at_client.events() == ["connected"]
            accepted.write(b"a" * 50_004 + b"\n")
            at_client.wait_for_bytes(50_005)
            client.close()
            at_client.wait_for("disconnected")
    events = at_client.events()
    assert events[0] == "connected"
    assert events[-1] == "disconnected"
    assert set(events[1:-1]) == {"ready_read"}


class LineRow(NamedTuple):
    """Chunks as they arrive, the most bytes of one read, and what the reads give."""

    chunks: Sequence[bytes]
    limit: int
    greedy: bool
    pieces: Sequence[bytes]


LINE_ROWS = {
    "byte by byte": LineRow([b"a", b"b", b"\n", b"c", b"\n"], 100, False, [b"ab\n", b"c\n"]),
    "byte by byte, greedy": LineRow([b"a", b"b", b"\n", b"c", b"\n"], 100, True, [b"a", b"b", b"\n", b"c", b"\n"]),
    "empty lines": LineRow([b"\n", b"\n\n"], 100, False, [b"\n", b"\n", b"\n"]),
    "limit 1": LineRow([b"ab\n", b"\n"], 1, False, [b"a", b"b", b"\n", b"\n"]),
    "limit 2": LineRow([b"abc", b"d\n", b"\0\n"], 2, False, [b"ab", b"cd", b"\n", b"\0\n"]),
    "limit inside lines, greedy": LineRow([b"abcdefg", b"h\ni"], 5, True, [b"abcde", b"fg", b"h\n", b"i"]),
    "many lines in one chunk": LineRow([b"1\n22\n333\n4444\n"], 5, False, [b"1\n", b"22\n", b"333\n", b"4444\n"]),
    "tail when the peer closes": LineRow([b"one\ntw", b"o"], 100, False, [b"one\n", b"two"]),
}


def read_piece(socket: ConnectedSocket, limit: int, *, greedy: bool) -> bytes:
    """Read as Qt's readLine(limit) does: a line with its ending or `limit` bytes; `greedy` takes also less."""
    try:
        return socket.read_line_nowait(max_bytes=limit - 1, keep_ending=True)
    except LineTooLong:
        return socket.read_available(limit)
    except NeedMoreBytes:
        return socket.read_available(limit) if greedy else b""
    except EOFError:
        return b""


def read_pieces(socket: ConnectedSocket, row: LineRow) -> list[bytes]:
    pieces = []
    while piece := read_piece(socket, row.limit, greedy=row.greedy):
        assert 1 <= len(piece) <= row.limit
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize("row", LINE_ROWS.values(), ids=LINE_ROWS.keys())
def test_11_read_line(row: LineRow, package: Package) -> None:
    """Lines are found over chunks and limits; what is left when the peer has closed counts as a line.

    Where Qt hands out the first part of a line that is too long, and of one that has not arrived whole, reading it is
    LineTooLong or NeedMoreBytes here; either leaves the bytes, and a caller who wants a part asks for bytes.
    """
    pieces = []
    with package.listen(NAME) as server, package.connect(NAME) as client:
        with server.accept() as accepted:
            for chunk in row.chunks:
                accepted.write(chunk)
                assert client.wait_readable(PATIENCE)
                pieces += read_pieces(client, row)
        assert client.wait_disconnected(PATIENCE)
        pieces += read_pieces(client, row)
        assert tuple(pieces) == tuple(row.pieces)
        assert client.is_at_end
        with pytest.raises(EOFError):
            client.read_line_nowait()


@pytest.mark.parametrize("row", LINE_ROWS.values(), ids=LINE_ROWS.keys())
def test_11_read_line_events(row: LineRow, loop: EventLoop) -> None:
    class LineReader(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.pieces: list[bytes] = []
            self.arrived = 0

        def ready_read(self, socket: EventSocket) -> None:
            super().ready_read(socket)
            with self.acting():
                self.pieces += read_pieces(socket, row)
                self.arrived = sum(map(len, self.pieces)) + socket.bytes_available

        def end_of_stream(self, socket: EventSocket) -> None:
            self.pieces += read_pieces(socket, row)
            super().end_of_stream(socket)

    lines = LineReader()
    sent = 0
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, lines)
        with server.accept() as accepted:
            for chunk in row.chunks:
                accepted.write(chunk)
                sent += len(chunk)
                lines.wait_until(partial(lambda expected: lines.arrived >= expected, sent), f"{sent} bytes")
        lines.wait_for("disconnected")
    assert tuple(lines.pieces) == tuple(row.pieces)


@pytest.mark.parametrize(
    ("data", "singles", "count", "skipped", "then"),
    [
        (b"0123456789", 2, 3, 3, b"5"),
        (b"0123456789", 2, 20, 8, b""),
        (bytes(range(250)) * 80, 5, 19_000, 19_000, b"\x05"),
    ],
    ids=["inside", "past the end", "20000 bytes"],
)
def test_12_skip(data: bytes, singles: int, count: int, skipped: int, then: bytes, face: Face) -> None:
    """After the peer has closed, skip() drops what is asked for or what is left, and says how many bytes that was."""

    def read(socket: Client) -> tuple[bytes, int, bytes]:
        first = b"".join(socket.read_available(1) for _ in range(singles))
        return first, socket.skip(count), socket.read_available(1)

    with localsocket.listen(NAME) as server:

        def serve() -> None:
            with server.accept() as accepted:
                accepted.write(data)

        assert face.at_end(NAME, serve, read) == (data[:singles], skipped, then)


def test_13_read_buffer_overflow(face: Face) -> None:
    """No more is taken in than the read buffer holds; reading makes room for the rest, and nothing is lost."""
    data = bytes(range(256))
    with localsocket.listen(NAME) as server:
        client = face.connect(NAME, limits=Limits(read_buffer=128))
        with server.accept() as accepted:
            accepted.write(data)
            for half in (data[:128], data[128:]):
                face.wait_for_bytes(client, 128)
                assert client.bytes_available == 128
                assert client.read_available() == half
            assert client.bytes_available == 0
            client.close()


def test_14_simple_command_protocol_1(package: Package) -> None:
    """2000 commands with a length before each, written and read by turns in one thread, keep order and content."""
    commands = [json.dumps({"command": number, "text": "x" * (number % 97)}).encode() for number in range(2000)]
    received = []
    with package.listen(NAME) as server, package.connect(NAME) as client, server.accept() as accepted:
        for command in commands:
            client.write(struct.pack("!I", len(command)) + command, timeout=PATIENCE)
            (length,) = struct.unpack("!I", accepted.read_exactly(4, timeout=PATIENCE))
            received.append(accepted.read_exactly(length, timeout=PATIENCE))
        assert accepted.bytes_available == 0
    assert received == commands


class CommandReader(Recorder):
    """Takes whole commands, each in a transaction that gives back a part of one."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[bytes] = []

    def ready_read(self, socket: EventSocket) -> None:
        super().ready_read(socket)
        with self.acting(), contextlib.suppress(NeedMoreBytes):
            while True:
                with socket.transaction():
                    (length,) = struct.unpack("!I", socket.read_exactly_nowait(4))
                    self.commands.append(socket.read_exactly_nowait(length))


def test_14_simple_command_protocol_1_events(loop: EventLoop) -> None:
    commands = [b"%d" % number * (number % 7) for number in range(2000)]
    reader = CommandReader()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, reader)
        with server.accept() as accepted:
            stream = b"".join(struct.pack("!I", len(command)) + command for command in commands)
            for start in range(0, len(stream), 1013):  # no chunk ends where a command does
                accepted.write(stream[start : start + 1013], timeout=PATIENCE)
        reader.wait_for("disconnected")
    assert reader.commands == commands


def test_15_simple_command_protocol_2(loop: EventLoop) -> None:
    """500 commands are parsed as they arrive; then the writer aborts, which each side is told once.

    abort() ends at once: nothing is left to write or to read. The reader has `end_of_stream` and no error, since it
    left nothing unread.
    """
    at_server, at_client = CommandReader(), Recorder()
    commands = [b"command %d" % number for number in range(500)]
    with ServerThread(NAME, at_server):
        writer = loop.connect(NAME, at_client)
        at_client.wait_for("connected")
        for number, command in enumerate(commands, start=1):
            writer.write(struct.pack("!I", len(command)) + command)
            if number % 10 == 0:
                at_server.wait_until(partial(lambda n: len(at_server.commands) >= n, number), f"{number} commands")
        writer.abort()
        assert writer.state is SocketState.CLOSED
        assert writer.bytes_to_write == 0
        at_client.wait_for("disconnected")
        at_server.wait_for("disconnected")
    assert at_server.commands == commands
    assert set(at_client.events()) <= {"connected", "bytes_written", "disconnected"}
    assert at_server.events()[-2:] == ["end_of_stream", "disconnected"]
    assert at_client.errors == at_server.errors == []


def test_15_simple_command_protocol_2_abort_drops_what_is_unsent_and_wakes_the_writer(package: Package) -> None:
    first, second = package.pair()
    with second:
        first.write_nowait(bytes(4_000_000))
        assert first.bytes_to_write
        ended: list[BaseException] = []

        def flush(socket: LocalSocket) -> None:
            try:
                socket.flush()
            except ConnectionAbortedError as error:
                ended.append(error)

        writer = threading.Thread(target=flush, args=[first])
        writer.start()
        first.abort()
        writer.join(PATIENCE)
        assert not writer.is_alive()
        assert len(ended) == 1
        assert (first.state, first.bytes_to_write) == (SocketState.CLOSED, 0)
        second.read_to_end(timeout=PATIENCE)
