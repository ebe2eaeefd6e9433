"""Qt's tst_qlocalsocket, functions 1 to 9: objects at rest, listening, connecting.

Here, as in all these files, errors are exceptions and not return values, and there is no object that is not connected
or not listening yet: connect() and listen() return one that is.
"""

from __future__ import annotations

import contextlib
import os
import sys

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Face
from conformance.recorder import Recorder
from localsocket import EventLoop, LocalSocket, ServerThread, SocketState
from localsocket.errors import ClosedByUs, DeadlinePassed, InvalidAddress, NameTaken, ServerNotFound

NAME = "conformance"

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")


def test_01_server_basic(package: Package) -> None:
    """A server that does not listen has nothing and waits for nothing.

    Only a closed one does not listen. Its address stays, since messages name it, and asking it for a connection is
    ClosedByUs at once where Qt returns null.
    """
    server = package.listen(NAME)
    assert server.max_pending == 30
    server.close()
    server.close()
    assert not server.is_listening
    assert server.fileno() == -1
    assert (server.pending_connections, server.open_connections, server.refused_connections) == (0, 0, 0)
    assert server.address == NAME
    for ask in (server.accept, server.accept_nowait, server.wait_pending, server.pause, server.resume):
        with pytest.raises(ClosedByUs):
            ask()
    with pytest.raises(InvalidAddress, match="empty"):
        package.listen("")


def test_01_server_basic_event_server_with_no_client_tells_nothing() -> None:
    recorder = Recorder()
    with ServerThread(NAME, recorder) as thread:
        assert thread.server.is_listening
    assert recorder.sockets == []
    assert not thread.server.is_listening


def test_02_server_connections_count(package: Package) -> None:
    """The most pending connections are what was asked for; they can be changed while it listens, as in Qt."""
    with package.listen(NAME, max_pending=10) as server:
        assert server.max_pending == 10
        server.max_pending = 20
        assert server.max_pending == 20


def test_03_socket_basic(face: Face) -> None:
    """A socket at rest has nothing, and ending it again is harmless.

    Only a closed one is at rest. Waiting on it is ClosedByUs at once, not False: the caller made a mistake. Its read
    buffer is limited, where Qt's default is no limit.
    """
    with localsocket.listen(NAME) as server:
        socket = face.connect(NAME)
        server.accept().close()
    socket.abort()
    socket.abort()
    socket.close()
    assert socket.state is SocketState.CLOSED
    assert not socket.is_connected
    assert socket.is_at_end
    assert (socket.bytes_available, socket.bytes_to_write, socket.has_line) == (0, 0, False)
    assert socket.limits.read_buffer == 8 * 1024 * 1024
    for use in (socket.read_available, socket.flush_nowait, socket.shutdown_write, socket.detach):
        with pytest.raises(ClosedByUs):
            use()


def test_03_socket_basic_waits_on_a_closed_socket_do_not_wait(package: Package) -> None:
    first, second = package.pair()
    second.close()
    first.close()
    for wait in (first.wait_readable, first.wait_disconnected, first.flush, first.read_line, first.read_to_end):
        with pytest.raises(ClosedByUs):
            wait(timeout=60)


def test_03_socket_basic_ending_again_is_not_announced_again(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen(NAME) as server:
        socket = loop.connect(NAME, recorder)
        with server.accept():
            recorder.wait_for("connected")
            for end in (socket.close, socket.close, socket.abort, socket.abort):
                end()
            recorder.wait_for("disconnected")
    assert recorder.events() == ["connected", "disconnected"]


@pytest.mark.parametrize(
    ("name", "close"), [("", False), (NAME, True), (NAME, False)], ids=["no name", "name, closed", "name, left alone"]
)
def test_04_listen(name: str, close: bool, package: Package) -> None:
    """A server without clients listens, and waiting for one takes until the time is over.

    No name is InvalidAddress. A second listen on the name is NameTaken and leaves the first as it was. A server that
    is forgotten instead of closed warns, and the name is free again at once.
    """
    if not name:
        with pytest.raises(InvalidAddress):
            package.listen(name)
        return
    server = package.listen(name)
    assert server.is_listening
    assert server.address == name
    assert server.endpoint is not None
    assert name in server.endpoint.location
    assert server.fileno() != -1
    assert (server.pending_connections, server.max_pending) == (0, 30)
    assert server.accept_nowait() is None
    with pytest.raises(NameTaken, match=f"process {os.getpid()}"):
        package.listen(name)
    assert server.is_listening
    assert not server.wait_pending(timeout=0.05)
    with pytest.raises(DeadlinePassed):
        server.accept(timeout=0.05)
    if close:
        server.close()
        assert not os.path.exists(server.endpoint.location)
    else:
        forgotten = [server]
        del server
        with pytest.warns(ResourceWarning, match="never closed|unclosed"):
            forgotten.clear()
    package.listen(name).close()


@pytest.mark.parametrize("connections", [0, 1, 5])
@pytest.mark.parametrize("name", ["", NAME], ids=["no name", "name"])
def test_05_listen_and_connect(name: str, connections: int, face: Face) -> None:
    """Each client is connected when connect() returns, with nothing read or written, and the server is told once.

    No name is InvalidAddress on both sides where Qt says HostNotFound and ServerNotFound. There is no "connecting":
    of Qt's two changes of state one event is left.
    """
    if not name:
        with pytest.raises(InvalidAddress):
            localsocket.listen(name)
        for _ in range(connections):
            with pytest.raises(InvalidAddress):
                face.connect(name)
        return
    at_server = Recorder()
    with ServerThread(name, at_server) as thread:
        clients = []
        for count in range(1, connections + 1):
            client = face.connect(name)
            clients.append(client)
            assert client.address == name
            assert client.state is SocketState.CONNECTED
            assert client.is_connected
            assert client.fileno() != -1
            assert client.peer.pid == os.getpid()
            assert (client.bytes_available, client.bytes_to_write, client.has_line) == (0, 0, False)
            assert client.read_available() == b""
            assert client.flush_nowait() == 0
            at_server.wait_for("connected", count)
            assert at_server.count("disconnected") == 0
            assert thread.server.open_connections == count
        assert thread.server.is_listening
        assert thread.server.refused_connections == 0
        for client in clients:
            client.close()
        at_server.wait_for("disconnected", connections)
        assert thread.server.open_connections == 0
    assert [at_server.events(socket) for socket in at_server.sockets] == [
        ["connected", "end_of_stream", "disconnected"]
    ] * connections


def test_05_listen_and_connect_without_a_server(face: Face) -> None:
    with pytest.raises(ServerNotFound, match=NAME):
        face.connect(NAME)


@only_linux
@pytest.mark.parametrize("client_kind", ["@", ""], ids=["client abstract", "client plain"])
@pytest.mark.parametrize("server_kind", ["@", ""], ids=["server abstract", "server plain"])
def test_06_listen_and_connect_abstract_namespace(server_kind: str, client_kind: str, package: Package) -> None:
    """The same text is one endpoint as a name and another as an abstract name: only pairs of a kind meet.

    The kind is part of the address text, `@name`, not an option beside it.
    """
    own = f"{NAME}-{os.getpid()}"  # abstract names are the whole machine's
    with package.listen(server_kind + own) as server:
        if server_kind == client_kind:
            with package.connect(client_kind + own, timeout=60), server.accept(timeout=60) as accepted:
                assert accepted.address == server_kind + own
        else:
            with pytest.raises(ServerNotFound):
                package.connect(client_kind + own, timeout=60)
            assert not server.wait_pending(timeout=0)


@only_linux
@pytest.mark.parametrize("client_end", ["\0", ""], ids=["client with NUL", "client without"])
@pytest.mark.parametrize("server_end", ["\0", ""], ids=["server with NUL", "server without"])
def test_07_listen_and_connect_abstract_namespace_trailing_zeros(
    server_end: str, client_end: str, package: Package
) -> None:
    """A NUL at the end of an abstract name is a part of it."""
    own = f"@{NAME}-{os.getpid()}"
    with package.listen(own + server_end) as server:
        assert server.address == own + server_end
        assert server.endpoint is not None
        assert server.endpoint.location == (own + server_end)[1:]
        if server_end == client_end:
            with package.connect(own + client_end, timeout=60), server.accept(timeout=60):
                pass
        else:
            with pytest.raises(ServerNotFound):
                package.connect(own + client_end, timeout=60)


def test_08_connect_with_open(loop: EventLoop) -> None:
    """Closing is announced exactly once, at both ends.

    There is no open() beside connect(). What Qt announces before closing (aboutToClose) is announced when it is done:
    `disconnected`; bytes that must be read first are read before calling close().
    """
    at_server, at_client = Recorder(), Recorder()
    with ServerThread(NAME, at_server):
        client = loop.connect(NAME, at_client)
        at_server.wait_for("connected")
        assert client.is_connected
        at_client.wait_for("connected")
        client.close()
        at_client.wait_for("disconnected")
        at_server.wait_for("disconnected")
    assert at_client.events() == ["connected", "disconnected"]
    assert at_server.events() == ["connected", "end_of_stream", "disconnected"]


def test_08_connect_with_open_the_block_is_the_opening_and_closing(package: Package) -> None:
    with package.listen(NAME) as server:
        with package.connect(NAME) as client, server.accept() as accepted:
            assert client.is_connected
            assert accepted.is_connected
        assert client.state is accepted.state is SocketState.CLOSED


def test_09_connect_with_old_open() -> None:
    """Overriding what a class offers does not change how it works inside.

    There is no open() to override; a class of one's own takes a connection over by its descriptor, and what is not
    overridden calls nothing that is.
    """

    class Contrary(LocalSocket):
        def __getattribute__(self, name: str) -> object:
            if name in ("read", "write", "read_available", "write_nowait", "peek", "skip"):
                raise AssertionError(f"{name} was called from inside")
            return super().__getattribute__(name)

    with localsocket.listen(NAME) as server, contextlib.ExitStack() as stack:
        descriptor = localsocket.connect(NAME).detach()
        client = stack.enter_context(Contrary.adopt_descriptor(descriptor))
        accepted = stack.enter_context(server.accept())
        assert isinstance(client, Contrary)
        accepted.write(b"one\ntwo\n")
        accepted.shutdown_write()
        assert client.wait_readable(timeout=60)
        assert client.read_line(timeout=60) == b"one"
        assert list(client) == [b"two"]
        client.shutdown_write()
        assert accepted.read_to_end(timeout=60) == b""
