"""A QLocalSocket and our servers."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import localsocket
from interop.roles import COUNTERPARTS, PATIENCE, RECEIVES, ROLES, EventRole, report_of
from localsocket import ServerThread
from programs import Program

NAME = "interop"


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_conversation_with_a_qt_client(role: str) -> None:
    """Lines and blocks of 1 MiB in both directions, either side closing first."""
    with (
        localsocket.listen(f"qt:{NAME}") as server,
        Program("qt_peer.py", "call", NAME, COUNTERPARTS[role]) as qt,
    ):
        with server.accept(timeout=PATIENCE) as socket:
            assert socket.peer.pid == qt.pid
            assert ROLES[role](socket) == RECEIVES[role]
        assert qt.read() == report_of(COUNTERPARTS[role])


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_conversation_of_a_server_thread_with_a_qt_client(role: str) -> None:
    handler = EventRole(role)
    with (
        ServerThread(f"qt:{NAME}", handler),
        Program("qt_peer.py", "call", NAME, COUNTERPARTS[role]) as qt,
    ):
        assert qt.read() == report_of(COUNTERPARTS[role])
    assert handler.received == RECEIVES[role]


@pytest.mark.long
def test_server_thread_serves_several_qt_clients_at_once() -> None:
    with ServerThread(f"qt:{NAME}", EventRole("answer")), ExitStack() as stack:
        clients = [stack.enter_context(Program("qt_peer.py", "call", NAME, "ask")) for _ in range(4)]
        assert [client.read() for client in clients] == [report_of("ask")] * 4


@pytest.mark.long
def test_qt_client_at_a_full_path(runtime_directory: Path) -> None:
    path = str(runtime_directory / "full-path")
    with ServerThread(path, EventRole("answer")), Program("qt_peer.py", "call", path, "ask") as qt:
        assert qt.read() == report_of("ask")


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")
def test_qt_client_at_an_abstract_name() -> None:
    name = f"{NAME}-{os.getpid()}"
    with ServerThread(f"@{name}", EventRole("answer")):
        with Program("qt_peer.py", "call", name, "ask", "--abstract") as qt:
            assert qt.read() == report_of("ask")
        with Program("qt_peer.py", "call", name, "ask") as qt:
            assert qt.read() == {"failed": "ServerNotFoundError"}


@pytest.mark.long
def test_qt_server_is_refused_a_name_that_we_own() -> None:
    with localsocket.listen(f"qt:{NAME}"), Program("qt_peer.py", "serve", NAME, "echo") as qt:
        assert qt.read() == {"failed": "AddressInUseError"}


def test_closing_leaves_the_file_of_a_qt_server_that_took_the_name() -> None:
    """With access bits Qt replaces whatever is at the name; what it put there is not ours to remove."""
    with (
        localsocket.listen(f"qt:{NAME}") as server,
        Program("qt_peer.py", "serve", NAME, "echo", "--access", "User") as qt,
    ):
        qt.read()
        server.close()
        with localsocket.connect(f"qt:{NAME}", timeout=PATIENCE) as socket:
            assert socket.peer.pid == qt.pid
        qt.read()


@pytest.mark.long
def test_nothing_is_left_at_the_name_for_qt_to_stumble_over() -> None:
    localsocket.listen(f"qt:{NAME}").close()
    with Program("qt_peer.py", "call", NAME, "ask") as qt:
        assert qt.read() == {"failed": "ServerNotFoundError"}
    with Program("qt_peer.py", "serve", NAME, "echo") as qt:
        assert "listening" in qt.read()
