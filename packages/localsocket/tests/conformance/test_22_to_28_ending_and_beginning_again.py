"""Qt's tst_qlocalsocket, functions 22 to 28: waiting for the end, closing with bytes unsent, and starting over."""

from __future__ import annotations

import os
import threading
import time

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Face
from conformance.recorder import PATIENCE, Reader, Recorder
from localsocket import EventLoop, EventSocket, ServerThread, SocketState
from localsocket.errors import ClosedByUs, NameTaken
from programs import Program

NAME = "conformance"
TOO_MUCH = bytes(range(256)) * 16 * 1024
"""4 MiB: more than the kernel takes for a peer that does not read."""


def test_22_wait_for_disconnect(face: Face) -> None:
    """Waiting for the peer to close ends when it does, long before the time is over; waiting again is fine."""
    with localsocket.listen(NAME) as server:
        client = face.connect(NAME)
        with server.accept() as accepted:
            assert not accepted.wait_disconnected(timeout=0)
            client.close()
            assert accepted.wait_disconnected(timeout=PATIENCE)
            assert accepted.wait_disconnected(timeout=0)
            assert not accepted.is_connected


def test_22_wait_for_disconnect_events(face: Face) -> None:
    recorder = Recorder()
    with ServerThread(NAME, recorder):
        face.connect(NAME).close()
        recorder.wait_for("disconnected")
    assert recorder.events() == ["connected", "end_of_stream", "disconnected"]


def test_23_wait_for_disconnect_by_server(package: Package) -> None:
    """The side that closes is closed at once, and the other can wait for it."""
    with package.listen(NAME) as server, package.connect(NAME) as client:
        accepted = server.accept()
        accepted.close()
        assert accepted.state is SocketState.CLOSED
        assert client.wait_disconnected(timeout=PATIENCE)
        assert client.state is SocketState.CONNECTED  # until this side closes: bytes may be left to read


def test_23_wait_for_disconnect_by_server_events(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, recorder)
        server.accept().close()
        recorder.wait_for("disconnected")
    assert recorder.events() == ["connected", "end_of_stream", "disconnected"]


def test_24_wait_for_ready_read_on_disconnected(package: Package) -> None:
    """When the last byte is read and the peer has closed, waiting for more is over at once, whatever its time-out."""
    with package.listen(NAME) as server, package.connect(NAME) as client:
        with server.accept() as accepted:
            accepted.write(b"1")
        assert client.wait_readable(timeout=None)
        assert client.read_available() == b"1"
        assert not client.wait_readable(timeout=None)
        assert client.is_at_end
        assert client.read(timeout=None) == b""


def test_24_wait_for_ready_read_on_disconnected_events(loop: EventLoop) -> None:
    """A handler does not wait: the byte is one event and the end another."""
    reader = Reader()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, reader)
        with server.accept() as accepted:
            accepted.write(b"1")
        reader.wait_for("disconnected")
    assert reader.events() == ["connected", "ready_read", "end_of_stream", "disconnected"]
    assert reader.all_received == b"1"


def test_25_delayed_disconnect(package: Package) -> None:
    """Closing with bytes unsent takes until the peer has them; meanwhile the socket is closing and cannot be used."""
    first, second = package.pair()
    with second:
        first.write_nowait(TOO_MUCH)
        assert first.bytes_to_write
        closing = threading.Thread(target=first.close, kwargs={"timeout": PATIENCE})
        closing.start()
        while first.state is SocketState.CONNECTED:
            time.sleep(0)
        assert first.state is SocketState.CLOSING
        with pytest.raises(ClosedByUs):
            first.write_nowait(b"more")
        assert second.read_to_end(timeout=PATIENCE) == TOO_MUCH
        closing.join(PATIENCE)
        assert (first.state, first.bytes_to_write) == (SocketState.CLOSED, 0)


def test_25_delayed_disconnect_events(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen(NAME) as server:
        client = loop.connect(NAME, recorder)
        with server.accept() as accepted:
            recorder.wait_for("connected")
            client.write(TOO_MUCH)
            client.close(timeout=PATIENCE)
            assert client.state is SocketState.CLOSING
            assert client.bytes_to_write
            with pytest.raises(ClosedByUs):
                client.write(b"more")
            assert accepted.read_to_end(timeout=PATIENCE) == TOO_MUCH
        recorder.wait_for("disconnected")
    assert client.fileno() == -1
    assert recorder.errors == []


def test_25_delayed_disconnect_the_last_byte_can_be_read_until_the_end(loop: EventLoop) -> None:
    """The end is announced while the socket is open and its last bytes are there; closing drops them.

    `end_of_stream` is that event; Qt's is aboutToClose.
    """

    class LooksAtTheEnd(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[str, int]] = []

        def end_of_stream(self, socket: EventSocket) -> None:
            self.seen.append((socket.state.value, socket.bytes_available))
            super().end_of_stream(socket)
            self.seen.append((socket.state.value, socket.bytes_available))

        def disconnected(self, socket: EventSocket) -> None:
            self.seen.append((socket.state.value, socket.bytes_available))
            super().disconnected(socket)

    handler = LooksAtTheEnd()
    with localsocket.listen(NAME) as server:
        loop.connect(NAME, handler)
        with server.accept() as accepted:
            accepted.write(b"1")
        handler.wait_for("disconnected")
    assert handler.seen == [("connected", 1), ("closing", 0), ("closed", 0)]


def test_26_remove_server(package: Package) -> None:
    """A second server on the name is refused while the first lives, whatever is done to the socket file.

    There is no removeServer(): the name belongs to who holds its lock, and removing a file takes nobody's name away.
    When the first has closed, the second succeeds.
    """
    with package.listen(NAME) as server:
        assert server.endpoint is not None
        with pytest.raises(NameTaken):
            package.listen(NAME)
        os.unlink(server.endpoint.location)
        with pytest.raises(NameTaken):
            package.listen(NAME)
    with package.listen(NAME) as second, package.connect(NAME):
        second.accept().close()


@pytest.mark.long
def test_26_remove_server_is_not_needed_after_a_crash(package: Package) -> None:
    with Program("serve.py", NAME) as server:
        server.read()
        with pytest.raises(NameTaken, match=str(server.pid)):
            package.listen(NAME)
        server.kill()
        with package.listen(NAME) as second, package.connect(NAME):
            second.accept().close()


def test_27_recycle_server(face: Face) -> None:
    """After closing, another name and the same name can be served and called, as often as one likes.

    By new objects: a server or socket that is closed stays closed.
    """
    closed = []
    for name in ("recycle-1", "recycle-2", "recycle-1"):
        with localsocket.listen(name) as server:
            client = face.connect(name)
            with server.accept(timeout=PATIENCE):
                client.close()
        closed.append((server, client))
    for server, client in closed:
        assert not server.is_listening
        with pytest.raises(ClosedByUs):
            server.accept(timeout=0)
        with pytest.raises(ClosedByUs):
            client.read_available()


def test_28_recycle_client_socket(face: Face) -> None:
    """Aborting and connecting again gives each connection its own line, and nothing of the one before."""
    with localsocket.listen(NAME) as server:
        for number in range(3):
            client = face.connect(NAME)
            with server.accept(timeout=PATIENCE) as accepted:
                accepted.write(b"line %d\nand more that is never read" % number)
                face.wait_for_bytes(client, 8)
                assert client.read_line_nowait() == b"line %d" % number
                client.abort()
                assert accepted.wait_disconnected(PATIENCE)
