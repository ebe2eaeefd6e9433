"""Nothing leaves the machine, and nothing outlives its owner: lessons S25 and S27."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from localsocket import EventLoop, EventSocket, Handler, LocalSocket, ServerThread, connect, listen, pair
from localsocket.errors import InsecureDirectory, LocalSocketError, ServerNotFound
from programs import Program


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def echo(connection: LocalSocket) -> None:
    while received := connection.read():
        connection.write(received)


# --- S25: never TCP, not even when all else fails -----------------------------------------------------------------


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> set[socket.AddressFamily | int]:
    """The families of all sockets made from now on."""
    seen: set[socket.AddressFamily | int] = set()

    class Watched(socket.socket):
        def __init__(self, family: int = -1, *arguments: int, **options: int) -> None:
            super().__init__(family, *arguments, **options)
            seen.add(self.family)

    monkeypatch.setattr(socket, "socket", Watched)
    return seen


@pytest.mark.parametrize("handler", [Echo(), echo], ids=["loop", "threads"])
def test_s25_everything_is_done_with_unix_sockets(
    runtime_directory: Path, families: set[int], handler: Handler
) -> None:
    addresses = ["name", f"{runtime_directory}/path", "qt:name"]
    if sys.platform == "linux":
        addresses.append(f"@localsocket-{os.getpid()}")
    for address in addresses:
        with ServerThread(address, handler), connect(address) as client, EventLoop() as loop:
            client.write(b"x")
            assert client.read_exactly(1, timeout=60) == b"x"
            loop.connect(address, Echo())
    for end in pair():
        end.close()
    assert families == {socket.AF_UNIX}


def test_s25_nothing_falls_back_to_tcp_when_there_is_no_other_way(
    runtime_directory: Path, families: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[type[LocalSocketError]] = []
    for environment, face in (("", connect), ("missing", connect), ("missing", listen)):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_directory / environment))
        with pytest.raises(LocalSocketError) as caught:
            face("localhost")
        failures.append(caught.type)
    assert failures == [ServerNotFound, InsecureDirectory, InsecureDirectory]
    assert families <= {socket.AF_UNIX}


# --- S27: a child of a server does not keep its doors open --------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("face", ["blocking", "loop"])
def test_s27_a_server_restarts_at_once_though_a_child_of_the_killed_one_lives(
    runtime_directory: Path, face: str
) -> None:
    path = runtime_directory / "x.sock"
    with ServerThread("other", Echo()), Program("fork_while_open.py", face, path, "other") as first:
        first.read()
        with connect(path) as client:
            child = first.read()["child"]
            first.kill()
            os.kill(child, 0)  # it lives
            with Program("serve.py", path) as second:
                assert second.read()["pid"] == second.pid
                with connect(path) as again:
                    assert b'"server": %d' % second.pid in again.read_line(timeout=60)
                assert client.read(timeout=60) == b""
                os.kill(child, 0)
        first.end(status=-9)
