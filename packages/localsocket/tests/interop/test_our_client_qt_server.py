"""Our client and a QLocalServer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import localsocket
from interop.roles import BLOCK, COUNTERPARTS, PATIENCE, RECEIVES, ROLES, report_of
from localsocket.errors import NameTaken, ServerNotFound
from programs import Program

NAME = "interop"


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_conversation_with_a_qt_server(role: str) -> None:
    """Lines and blocks of 1 MiB in both directions, either side closing first."""
    with Program("qt_peer.py", "serve", NAME, COUNTERPARTS[role]) as qt:
        qt.read()
        with localsocket.connect(f"qt:{NAME}", timeout=PATIENCE) as socket:
            assert ROLES[role](socket) == RECEIVES[role]
        assert qt.read() == report_of(COUNTERPARTS[role])


@pytest.mark.long
def test_qt_server_is_found_where_the_address_says() -> None:
    with Program("qt_peer.py", "serve", NAME, "echo") as qt:
        path = qt.read()["listening"]
        assert localsocket.parse_address(f"qt:{NAME}").location == path
        with localsocket.connect(path, timeout=PATIENCE) as socket:
            assert socket.peer.pid == qt.pid
            assert socket.peer.uid == os.geteuid()
            socket.write(b"by its path")
            assert socket.read_exactly(11, timeout=PATIENCE) == b"by its path"
        qt.read()


@pytest.mark.long
def test_qt_server_at_a_full_path(runtime_directory: Path) -> None:
    path = str(runtime_directory / "full-path")
    with Program("qt_peer.py", "serve", path, "answer") as qt:
        assert qt.read() == {"listening": path}
        with localsocket.connect(path, timeout=PATIENCE) as socket:
            socket.write(b"hello\n")
            assert socket.read_line(timeout=PATIENCE) == b"HELLO"
        qt.read()


@pytest.mark.long
@pytest.mark.parametrize("access", ["User", "Group", "Other", "World"])
def test_qt_server_with_access_bits(access: str) -> None:
    """Qt then publishes the socket by renaming it; it is found under its name all the same."""
    if access in ("Group", "Other") and os.geteuid() != 0:
        pytest.skip("its owner may not connect, and only root may all the same")
    with Program("qt_peer.py", "serve", NAME, "echo", "--access", access) as qt:
        qt.read()
        with localsocket.connect(f"qt:{NAME}", timeout=PATIENCE) as socket:
            socket.write(BLOCK[:1000])
            assert socket.read_exactly(1000, timeout=PATIENCE) == BLOCK[:1000]
        qt.read()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")
def test_qt_server_at_an_abstract_name() -> None:
    name = f"{NAME}-{os.getpid()}"
    with Program("qt_peer.py", "serve", name, "answer", "--abstract") as qt:
        qt.read()
        with localsocket.connect(f"@{name}", timeout=PATIENCE) as socket:
            socket.write(b"hello\n")
            assert socket.read_line(timeout=PATIENCE) == b"HELLO"
        qt.read()
        with pytest.raises(ServerNotFound):
            localsocket.connect(f"qt:{name}", timeout=PATIENCE)


def test_live_qt_server_keeps_its_name() -> None:
    """It holds no lock, and is found out by being asked."""
    with Program("qt_peer.py", "serve", NAME, "echo") as qt:
        qt.read()
        with pytest.raises(NameTaken):
            localsocket.listen(f"qt:{NAME}")
        qt.read()  # that was a connection too
        with localsocket.connect(f"qt:{NAME}", timeout=PATIENCE) as socket:
            assert socket.peer.pid == qt.pid
        qt.read()


def test_name_of_a_qt_server_that_crashed_is_taken_over() -> None:
    with Program("qt_peer.py", "serve", NAME, "echo") as qt:
        path = qt.read()["listening"]
        qt.kill()
        assert os.path.exists(path)
    with localsocket.listen(f"qt:{NAME}") as server, localsocket.connect(f"qt:{NAME}", timeout=PATIENCE):
        server.accept(timeout=PATIENCE).close()
    assert not os.path.exists(path)


def test_qt_ends_the_connection_when_we_finish_sending() -> None:
    """Qt has no half close: it takes the end of our sending for the end of everything."""
    with Program("qt_peer.py", "serve", NAME, "receive") as qt:
        qt.read()
        with localsocket.connect(f"qt:{NAME}", timeout=PATIENCE) as socket:
            socket.write(BLOCK, timeout=PATIENCE)
            socket.shutdown_write()
            assert socket.read_to_end(timeout=PATIENCE) == b""
            assert qt.read() == report_of("receive")
            assert socket.wait_disconnected(timeout=PATIENCE)
