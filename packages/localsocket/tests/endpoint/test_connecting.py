"""Connecting ends with the right server, or with an error that says what is wrong and what to do."""

from __future__ import annotations

import errno
import math
import os
import socket
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localsocket import LocalSocket, connect, listen
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.connecting import try_connect
from localsocket.endpoint.credentials import SAME_USER
from localsocket.errors import (
    AccessDenied,
    AddressTooLong,
    BrokenEndpoint,
    DeadlinePassed,
    InvalidAddress,
    LocalSocketError,
    ServerBusy,
    ServerNotFound,
    ServerRefused,
)
from pauses import pause_by

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "x.sock"


class Failing(socket.socket):
    """A socket whose connect() fails as the test chose."""

    error: OSError

    def connect(self, _: object) -> None:
        raise self.error


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(Failing, "error", OSError(number, os.strerror(number)), raising=False)
    monkeypatch.setattr(socket, "socket", Failing)


# --- it is there --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["name", "path", "relative path", "path object", "qt", "abstract"])
def test_each_kind_of_address_leads_to_its_server(
    kind: str, runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "abstract" and sys.platform != "linux":
        pytest.skip("only Linux has abstract addresses")
    monkeypatch.chdir(runtime_directory)
    addresses: dict[str, str | Path] = {
        "name": "editor.control",
        "path": f"{runtime_directory}/a.sock",
        "relative path": "./b.sock",
        "path object": Path("c.sock"),
        "qt": "qt:d",
        "abstract": f"@localsocket-{os.getpid()}",
    }
    address = addresses[kind]
    with listen(address) as server, connect(address) as client:
        accepted = server.accept_nowait()
        assert accepted is not None
        with accepted:
            assert client.address == accepted.address == server.address == parse_address(address).address
            assert client.peer == accepted.peer
            assert client.peer.pid == os.getpid()


def test_the_socket_does_not_block_and_is_not_inherited(path: Path) -> None:
    with listen(path):
        sock, peer = try_connect(parse_address(path), SAME_USER)
        with sock:
            assert not sock.getblocking()
            assert not sock.get_inheritable()
            assert peer.uid == os.geteuid()


# --- it is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["editor.control", "./missing/x.sock", "./x.sock", "qt:x", "@localsocket-nobody"])
def test_a_missing_server_is_not_found(address: str, runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if address.startswith("@") and sys.platform != "linux":
        pytest.skip("only Linux has abstract addresses")
    monkeypatch.chdir(runtime_directory)
    with pytest.raises(ServerNotFound) as caught:
        connect(address)
    assert str(caught.value) == (f"no server at {address!r}; start it, or pass wait_for_server=True to wait for it")
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.errno == errno.ENOENT


def test_a_file_on_the_way_is_no_server(path: Path) -> None:
    path.touch()
    with pytest.raises(ServerNotFound):
        connect(path / "deeper")
    path.unlink()


@pytest.mark.parametrize("kind", ["a plain file", "a directory", "a fifo", "a device"])
@pytest.mark.parametrize("through_link", [False, True])
def test_what_is_no_socket_is_refused_by_its_kind(path: Path, kind: str, *, through_link: bool) -> None:
    target = path.with_name("target") if kind != "a device" else Path(os.devnull)
    match kind:
        case "a plain file":
            target.touch()
        case "a directory":
            target.mkdir()
        case "a fifo":
            os.mkfifo(target)
    address = target
    if through_link:
        path.symlink_to(target)
        address = path
    with pytest.raises(ServerRefused) as caught:
        connect(address)
    assert caught.value.kind == kind
    assert f"nobody listens at {str(address)!r}, which is {kind}; restart the server" in str(caught.value)
    assert isinstance(caught.value, ConnectionRefusedError)
    for file in path.parent.iterdir():
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()


def test_a_dangling_link_is_no_server(path: Path) -> None:
    path.symlink_to("nowhere")
    with pytest.raises(ServerNotFound):
        connect(path)
    path.unlink()


def test_a_socket_whose_server_is_gone_is_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    with pytest.raises(ServerRefused, match="which is a socket file whose server is gone; restart the server"):
        connect(path)
    path.unlink()


def test_a_socket_that_goes_while_it_refuses_is_not_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.ECONNREFUSED)
    with pytest.raises(ServerNotFound):
        connect(path)


def test_a_socket_of_another_type_is_an_error_of_the_system(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        with pytest.raises(BrokenEndpoint, match=f"failed: {os.strerror(errno.EPROTOTYPE)}"):
            connect(path)
    path.unlink()


# --- what the system says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOENT, ServerNotFound),
        (errno.ENOTDIR, ServerNotFound),
        (errno.EACCES, AccessDenied),
        (errno.EPERM, AccessDenied),
        (errno.EAGAIN, ServerBusy),
        (errno.EMFILE, BrokenEndpoint),
        (errno.ELOOP, BrokenEndpoint),
    ],
)
def test_each_error_of_the_system_has_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[LocalSocketError]
) -> None:
    failing(monkeypatch, number)
    with pytest.raises(error) as caught:
        try_connect(parse_address(path), SAME_USER)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == {errno.ENOTDIR: errno.ENOENT, errno.EPERM: errno.EACCES}.get(number, number)
    assert isinstance(caught.value.__cause__, OSError)


@linux_only
def test_an_abstract_name_that_refuses_has_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.ECONNREFUSED)
    with pytest.raises(ServerNotFound):
        connect("@x")


def test_a_directory_that_may_not_be_entered_is_access_denied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(AccessDenied) as caught:
        connect(path)
    assert str(caught.value) == f"this user (uid {os.geteuid()}) may not connect to {str(path)!r}"


# --- waiting ------------------------------------------------------------------------------------------------------


def full(path: Path) -> tuple[socket.socket, socket.socket]:
    """A server that accepts nothing, and the client that has taken the only place in its queue."""
    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(0)
    client.connect(str(path))
    return server, client


def test_a_full_accept_queue_is_waited_out_until_the_deadline(path: Path) -> None:
    server, client = full(path)
    with server, client:
        with pytest.raises(DeadlinePassed, match=r"the accept queue of .* is full \(tried for 0\.05 s\)") as caught:
            connect(path, timeout=0.05)
        assert isinstance(caught.value.__cause__, ServerBusy)
        assert "the accept queue of" in str(caught.value.__cause__)
        with pytest.raises(DeadlinePassed):
            connect(path, timeout=0)
    path.unlink()


@pytest.mark.parametrize("timeout", [None, 30])
def test_a_place_in_the_accept_queue_is_taken_when_it_is_free(
    path: Path, monkeypatch: pytest.MonkeyPatch, timeout: float | None
) -> None:
    server, client = full(path)
    has_tried = threading.Event()
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        has_tried.set()
        real_sleep(seconds)

    pause_by(sleep, "localsocket.blocking.connect", monkeypatch)
    connected: list[LocalSocket] = []
    caller = threading.Thread(target=lambda: connected.append(connect(path, timeout=timeout)))
    with server, client:
        caller.start()
        assert has_tried.wait(60)
        with server.accept()[0]:
            caller.join()
        with connected[0], server.accept()[0] as accepted:
            connected[0].write(b"x")
            assert accepted.recv(1) == b"x"
    path.unlink()


@pytest.mark.parametrize("before", ["nothing", "a stale socket"])
def test_a_server_that_comes_later_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    if before == "a stale socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    servers = []
    # The caller's own pause is the moment at which the server comes: no other thread, no clock.
    pause_by(lambda _: servers.append(listen(path)), "localsocket.blocking.connect", monkeypatch)
    with connect(path, wait_for_server=True):
        assert len(servers) == 1
    servers[0].close()


@pytest.mark.parametrize("before", ["nothing", "a stale socket"])
def test_a_server_that_never_comes_is_waited_for_until_the_deadline(path: Path, before: str) -> None:
    if before == "a stale socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    with pytest.raises(DeadlinePassed) as caught:
        connect(path, wait_for_server=True, timeout=0.01)
    assert isinstance(caught.value.__cause__, ServerNotFound if before == "nothing" else ServerRefused)
    path.unlink(missing_ok=True)


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timeout": -1}, ValueError, "timeout must not be negative or NaN, got -1"),
        ({"timeout": math.nan}, ValueError, "timeout must not be negative or NaN, got nan"),
        ({"timeout": "1"}, TypeError, "timeout must be a number of seconds or None, not str"),
        ({"timeout": True}, TypeError, "timeout must be a number of seconds or None, not bool"),
        ({"allow_server": "root"}, ValueError, "allow_server must be SAME_USER, ANY_USER or a collection of uids"),
        ({"allow_server": 0}, TypeError, "allow_server must be SAME_USER, ANY_USER or a collection of uids, not 0"),
        ({"mode": "rb"}, ValueError, "mode must be 'r', 'w' or 'rw', not 'rb'"),
        ({"mode": ""}, ValueError, "mode must be 'r', 'w' or 'rw', not ''"),
        ({"unknown": 1}, TypeError, "unknown"),
    ],
)
def test_a_wrong_option_of_connect_is_named(
    path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with closing(listen(path)), pytest.raises(error) as caught:
        connect(path, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("face", [listen, connect])
@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("", InvalidAddress, "it is empty"),
        ("x" * 65, AddressTooLong, "a name has 65 bytes and the limit is 64"),
        ("../../etc/passwd/", InvalidAddress, "it names a directory"),
        ("a/../../etc/x", InvalidAddress, "a path begins with '/' or './'"),
        ("a\0b", InvalidAddress, "it contains a NUL character"),
        (b"x", TypeError, "an address must be str or a path object, not bytes"),
        (None, TypeError, "an address must be str or a path object, not NoneType"),
    ],
)
def test_a_wrong_address_is_refused_by_both_faces(
    face: Any, address: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        face(address)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mode": -1}, ValueError, "mode must be at least 0, got -1"),
        ({"mode": 0o1777}, ValueError, "mode must be permission bits (at most 0o777), got 0o1777"),
        ({"mode": "600"}, TypeError, "mode must be a whole number, not str"),
        ({"mode": 384.0}, TypeError, "mode must be a whole number, not float"),
        ({"backlog": -1}, ValueError, "backlog must be at least 0, got -1"),
        ({"backlog": True}, TypeError, "backlog must be a whole number, not bool"),
        ({"max_pending": -1}, ValueError, "max_pending must be at least 0, got -1"),
        ({"max_connections": 0}, ValueError, "max_connections must be at least 1, got 0"),
        ({"max_connections": math.nan}, TypeError, "max_connections must be a whole number, not float"),
        ({"max_connections_per_user": 0}, ValueError, "max_connections_per_user must be at least 1, got 0"),
        ({"allow": "everybody"}, ValueError, "allow must be SAME_USER, ANY_USER or a collection of uids"),
        ({"allow": 1000}, TypeError, "allow must be SAME_USER, ANY_USER or a collection of uids, not 1000"),
        ({"authorize": "yes"}, TypeError, "authorize must be a function of PeerCredentials, not str"),
        ({"unknown": 1}, TypeError, "unknown"),
    ],
)
def test_a_wrong_option_of_listen_is_named_and_nothing_is_left(
    path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        listen(path, **options)
    assert message in str(caught.value)
    assert not os.listdir(path.parent)


@linux_only
def test_an_abstract_address_cannot_be_opened_to_others() -> None:
    with pytest.raises(ValueError, match="an abstract address has no permissions: only allow=SAME_USER is possible"):
        listen("@x", allow=[1000])
