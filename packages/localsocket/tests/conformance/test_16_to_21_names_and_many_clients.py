"""Qt's tst_qlocalsocket, functions 16 to 21: paths, pending connections, descriptors, many threads and processes."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Face
from conformance.recorder import PATIENCE, Recorder
from localsocket import LocalServer, LocalSocket, ServerThread, SocketState, aio
from localsocket.errors import AddressTooLong, UnsuitableDescriptor
from localsocket.interfaces import OpenMode
from programs import Program

NAME = "conformance"


def test_16_full_path(runtime_directory: Path, face: Face) -> None:
    """A path is the address as it is, on both sides.

    It stays the address after the end, where Qt clears it: messages and logs name it.
    """
    path = str(runtime_directory / "full-path")
    with localsocket.listen(path) as server:
        assert server.endpoint is not None
        assert server.address == server.endpoint.location == path
        client = face.connect(path)
        with server.accept() as accepted:
            assert client.address == accepted.address == path
        client.close()
        assert client.address == path
    assert server.address == path
    assert not os.path.exists(path)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_17_hit_maximum_connections(most: int, package: Package) -> None:
    """With one client more than may be pending, waiting for a connection still succeeds at once.

    The limit is exact, where Qt takes two more in: the other clients wait in the backlog and are accepted when they
    are asked for, in their order.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(package.listen(NAME, max_pending=most))
        clients = [stack.enter_context(package.connect(NAME)) for _ in range(most + 1)]
        assert server.pending_connections == most
        assert server.open_connections == most
        assert server.wait_pending(timeout=PATIENCE)
        assert server.pending_connections == server.open_connections == max(1, most)
        assert all(client.is_connected for client in clients)
        for number, client in enumerate(clients):
            client.write(bytes([number]))
        accepted = [stack.enter_context(server.accept(timeout=PATIENCE)) for _ in clients]
        assert [socket.read(timeout=PATIENCE) for socket in accepted] == [bytes([n]) for n in range(most + 1)]
        assert server.accept_nowait() is None


def test_17_hit_maximum_connections_closing_ends_those_that_nobody_took(package: Package) -> None:
    """Clients that are pending or in the backlog see the server close; a connection that was taken goes on."""
    with contextlib.ExitStack() as stack:
        server = package.listen(NAME, max_pending=1)
        taken, pending, waiting = (stack.enter_context(package.connect(NAME)) for _ in range(3))
        accepted = stack.enter_context(server.accept(timeout=PATIENCE))
        assert server.pending_connections == 1
        server.close()
        assert server.open_connections == 1
        for client in (pending, waiting):
            assert client.wait_disconnected(PATIENCE)
        accepted.write(b"still here")
        assert taken.read_exactly(10, timeout=PATIENCE) == b"still here"


def test_18_set_socket_descriptor(package: Package) -> None:
    """A descriptor that is none is refused when it is given, where Qt keeps it and calls itself connecting (B16)."""
    with pytest.raises(UnsuitableDescriptor) as refused:
        package.LocalSocket.adopt_descriptor(-1, mode="w")
    assert refused.value.fd == -1


@pytest.mark.parametrize("mode", ["r", "w", "rw"])
def test_18_set_socket_descriptor_keeps_number_state_and_mode(mode: OpenMode, package: Package) -> None:
    first, second = package.pair()
    number = first.detach()
    with package.LocalSocket.adopt_descriptor(number, mode=mode) as adopted, second:
        assert (adopted.fileno(), adopted.state, adopted.mode) == (number, SocketState.CONNECTED, mode)
        assert adopted.address == ""


class ReadsTheLine(threading.Thread):
    """A client that does everything by waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.line = b""

    def run(self) -> None:
        with localsocket.connect(NAME, timeout=PATIENCE) as socket:
            self.line = socket.read_line(timeout=PATIENCE)


@pytest.mark.parametrize("count", [1, 2, 5, 10, 20])
@pytest.mark.parametrize("served_by", ["one thread", "a thread each", "a task each"])
def test_19_threaded_connection(served_by: str, count: int) -> None:
    """Client threads and their servers only wait, and each client has its line, though its server closed at once."""
    hits: list[int] = []

    def serve_one(socket: LocalSocket) -> None:
        with socket:
            socket.write(b"test\n", timeout=PATIENCE)
            assert socket.state is SocketState.CONNECTED
            hits.append(socket.peer.pid)

    def serve_all(server: LocalServer) -> None:
        for socket in server:
            serve_one(socket)

    async def serve_in_task(socket: aio.LocalSocket) -> None:
        async with socket:
            await socket.write(b"test\n", timeout=PATIENCE)
            assert socket.state is SocketState.CONNECTED
            hits.append(socket.peer.pid)

    clients = [ReadsTheLine() for _ in range(count)]
    server = localsocket.listen(NAME, max_pending=10)
    with contextlib.ExitStack() as stack:
        if served_by == "a thread each":
            stack.enter_context(ServerThread(server, serve_one))
        elif served_by == "a task each":
            stack.enter_context(ServerThread(server, serve_in_task))
        else:
            accepting = threading.Thread(target=serve_all, args=[server])
            accepting.start()
            stack.callback(accepting.join)
            stack.callback(server.close)  # ends the iteration
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert [client.line for client in clients] == [b"test"] * count
    assert hits == [os.getpid()] * count


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_20_process_connection(count: int) -> None:
    """Client processes, some of them started before their server, are each served by the server process.

    They do not try again and again: connect(wait_for_server=True) waits for the server.
    """
    with contextlib.ExitStack() as stack:

        def start(*arguments: object) -> Program:
            return stack.enter_context(Program("four_bytes.py", *arguments))

        clients = [start("call", NAME) for _ in range(count // 2)]
        server = start("serve", NAME, count)
        clients += [start("call", NAME) for _ in range(count - count // 2)]
        assert [client.end(status=0) for client in clients] == [["test"]] * count
        assert server.end(status=0) == []


def test_21_long_path(face: Face) -> None:
    """A name of 256 characters is refused on both sides, with the limit and the length (Qt: any error at all, B13)."""
    name = "a" * 256
    for use in (localsocket.listen, face.connect):
        with pytest.raises(AddressTooLong, match="256") as refused:
            use(name)
        assert (refused.value.length, refused.value.limit) == (256, 64)


def test_21_long_path_that_is_a_path(runtime_directory: Path, face: Face) -> None:
    """A path longer than a socket address holds works on Linux; elsewhere the error names limit and length."""
    directory = runtime_directory / ("d" * 120)
    directory.mkdir()
    path = directory / ("s" * 120)
    if sys.platform != "linux":
        with pytest.raises(AddressTooLong, match="limit"):
            localsocket.listen(path)
        return
    recorder = Recorder()
    with ServerThread(path, recorder):
        face.connect(path).close()
        recorder.wait_for("disconnected")
