"""Qt's tst_qlocalsocket, functions 29 to 36: waiting clients, one direction only, and what a peer leaves behind."""

from __future__ import annotations

import contextlib
import threading

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Client, Face
from conformance.recorder import PATIENCE, Reader, Recorder
from localsocket import EventLoop, EventSocket, SocketState
from localsocket.errors import ClosedByPeer, ClosedByUs, ServerNotFound, WrongMode

NAME = "conformance"


def test_29_multi_connect(package: Package) -> None:
    """Clients that connected before anybody accepted are there to be accepted, in their order."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(package.listen(NAME))
        clients = [stack.enter_context(package.connect(NAME)) for _ in range(3)]
        for number, client in enumerate(clients):
            client.write(b"%d" % number)
        for number in range(3):
            assert server.wait_pending(timeout=PATIENCE)
            accepted = stack.enter_context(server.accept(timeout=0))
            assert accepted.read(timeout=PATIENCE) == b"%d" % number
        assert not server.wait_pending(timeout=0)


def test_30_write_only_socket(face: Face) -> None:
    """A socket for writing only has nothing to read, throws away what comes, and sees the end of its peer."""
    with localsocket.listen(NAME) as server:
        client = face.connect(NAME, mode="w")
        accepted = server.accept(timeout=PATIENCE)
        accepted.write(b"unwanted")
        client.write(b"wanted")
        assert accepted.read_exactly(6, timeout=PATIENCE) == b"wanted"
        assert client.state is SocketState.CONNECTED
        assert client.bytes_available == 0
        with pytest.raises(WrongMode):
            client.read_available()
        accepted.abort()
        face.wait_for_end(client)
        client.close()
        assert not client.is_connected


@pytest.mark.parametrize("writes", [1, 20])
def test_31_write_to_client_and_disconnect(writes: int, face: Face) -> None:
    """Every byte that was written before the server and its side of the connection closed can be read after that."""
    server = localsocket.listen(NAME)

    def write_and_leave() -> None:
        accepted = server.accept(timeout=PATIENCE)
        server.close()
        for number in range(writes):
            accepted.write(bytes([number]) * 100)
        accepted.close()

    def read(socket: Client) -> bytes:
        return socket.read_available()

    received = face.at_end(NAME, write_and_leave, read)
    assert received == b"".join(bytes([number]) * 100 for number in range(writes))


def test_31_write_to_client_and_disconnect_left_for_later(loop: EventLoop) -> None:
    """A handler that does not close at the end of the stream leaves the bytes to whoever reads them when it likes.

    The connection is over when they have been read.
    """

    class LeavesThem(Recorder):
        def end_of_stream(self, socket: EventSocket) -> None:
            self._note(socket, "end_of_stream", socket.bytes_available > 0)

    handler = LeavesThem()
    with localsocket.listen(NAME) as server:
        client = loop.connect(NAME, handler)
        with server.accept(timeout=PATIENCE) as accepted:
            for _ in range(20):
                accepted.write(bytes(100))
        handler.wait_for("end_of_stream")
        assert client.read_available(1999) == bytes(1999)
        assert client.state is SocketState.CONNECTED
        assert client.read_available() == bytes(1)
        handler.wait_for("disconnected")
    assert handler.events()[-2:] == ["end_of_stream", "disconnected"]


def test_32_write_to_disconnected(package: Package) -> None:
    """Writing to a peer that left is an error at the first write, naming what was lost; it is the same again.

    Qt takes the byte into its buffer and fails when it is sent.
    """
    with package.listen(NAME) as server, package.connect(NAME) as client:
        server.accept().abort()
        assert client.state is SocketState.CONNECTED
        assert not client.is_connected
        for _ in range(2):
            with pytest.raises(ClosedByPeer, match="1 bytes were not sent") as lost:
                client.write(b"1", timeout=PATIENCE)
            assert lost.value.unsent == 1
        assert client.bytes_to_write == 0


def test_32_write_to_disconnected_events(loop: EventLoop) -> None:
    class WritesToTheGone(Recorder):
        def end_of_stream(self, socket: EventSocket) -> None:
            self._note(socket, "end_of_stream", not socket.bytes_available)
            socket.write(b"1")  # raises, and nobody catches it: that is how most handlers are written

    recorder = WritesToTheGone()
    with localsocket.listen(NAME) as server:
        client = loop.connect(NAME, recorder)
        recorder.wait_for("connected")
        server.accept().abort()
        recorder.wait_for("disconnected")
    assert recorder.events() == ["connected", "end_of_stream", "failed", "disconnected"]
    assert [type(error) for error in recorder.errors] == [ClosedByPeer]
    assert client.state is SocketState.CLOSED


def test_33_debug(package: Package) -> None:
    """What one prints when puzzled says what it is: states, errors, sockets and servers."""
    assert str(SocketState.CONNECTED) == "SocketState.CONNECTED"
    with pytest.raises(ServerNotFound) as nobody:
        package.connect(NAME)
    assert NAME in str(nobody.value)
    assert "ServerNotFound" in repr(nobody.value)
    with package.listen(NAME) as server, package.connect(NAME) as client:
        assert repr(server).startswith(f"<LocalServer '{NAME}' listening")
        assert repr(client).startswith(f"<LocalSocket '{NAME}' connected, peer pid=")
    assert repr(server).startswith(f"<LocalServer '{NAME}' closed")
    assert repr(client).startswith(f"<LocalSocket '{NAME}' closed")


def test_34_bytes_written_signal(loop: EventLoop) -> None:
    """Bytes that were written are reported from the loop's thread, and never from inside the write."""

    class Writer(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.thread: int | None = None
            self.written = 0
            self.is_writing = False

        def connected(self, socket: EventSocket) -> None:
            super().connected(socket)
            self.thread = threading.get_ident()
            self.is_writing = True
            socket.write(b"testing\n")
            self.is_writing = False

        def bytes_written(self, socket: EventSocket, count: int) -> None:
            with self.acting():
                self.written += count
            self._note(socket, "bytes_written", threading.get_ident() == self.thread and not self.is_writing)

    writer = Writer()
    with localsocket.listen(NAME) as server:
        client = loop.connect(NAME, writer)
        with server.accept() as accepted:
            assert accepted.read_line(timeout=PATIENCE) == b"testing"
            writer.wait_until(lambda: writer.written == 8, "8 bytes written")
            client.write(bytes(1_000_000))  # from another thread, and more than the kernel takes at once
            assert accepted.read_exactly(1_000_000, timeout=PATIENCE) == bytes(1_000_000)
            writer.wait_until(lambda: writer.written == 1_000_008, "all bytes written")
    assert writer.thread != threading.get_ident()


def test_35_sync_disconnect_notify(package: Package) -> None:
    """When the peer is gone, waiting for bytes is over with none, and writing fails."""
    with package.listen(NAME) as server, package.connect(NAME) as client:
        server.accept().close()
        assert not client.wait_readable(timeout=None)
        assert not client.is_connected
        assert client.is_at_end
        with pytest.raises(ClosedByPeer):
            client.write(b"too late", timeout=PATIENCE)
        client.close()
        with pytest.raises(ClosedByUs):
            client.write(b"too late")


def test_36_async_disconnect_notify(loop: EventLoop) -> None:
    """The end of the stream is told once, and once that the connection is over.

    At the end of the stream the socket is still connected, since a peer that only finished sending can be answered;
    Qt is unconnected then, and has no half close.
    """

    class SeesStates(Reader):
        def __init__(self) -> None:
            super().__init__()
            self.states: list[SocketState] = []

        def end_of_stream(self, socket: EventSocket) -> None:
            self.states.append(socket.state)
            super().end_of_stream(socket)

        def disconnected(self, socket: EventSocket) -> None:
            self.states.append(socket.state)
            super().disconnected(socket)

    handler = SeesStates()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, handler)
        server.accept().close()
        handler.wait_for("disconnected")
    assert handler.states == [SocketState.CONNECTED, SocketState.CLOSED]
    assert handler.events() == ["connected", "end_of_stream", "disconnected"]


def test_36_async_disconnect_notify_answers_after_the_end_of_the_stream(loop: EventLoop) -> None:
    class Answers(Reader):
        def end_of_stream(self, socket: EventSocket) -> None:
            socket.write(self.received[socket].upper())
            super().end_of_stream(socket)

    handler = Answers()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, handler)
        with server.accept() as accepted:
            accepted.write(b"question")
            accepted.shutdown_write()
            assert accepted.read_to_end(timeout=PATIENCE) == b"QUESTION"
        handler.wait_for("disconnected")
