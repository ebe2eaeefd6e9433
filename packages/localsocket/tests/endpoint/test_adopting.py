"""A listening descriptor is taken over from whoever opened it, once it is clear that it is one."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from localsocket import ANY_USER, SAME_USER, LocalServer, connect, listen
from localsocket.endpoint.listener import adopt_listener
from localsocket.errors import UnsuitableDescriptor
from programs import NOBODY

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "x.sock"


def listening(path: Path | str) -> socket.socket:
    """Listen as a program that knows nothing of this library does."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen()
    return sock


# --- what is suitable ---------------------------------------------------------------------------------------------


def test_an_adopted_server_serves_and_never_removes_the_file(path: Path) -> None:
    foreign = listening(path)
    foreign.set_inheritable(True)
    with LocalServer.adopt_descriptor(foreign.detach()) as server:
        assert server.address == str(path)
        assert not os.get_inheritable(server.fileno())
        assert not os.get_blocking(server.fileno())
        with connect(path) as client:
            accepted = server.accept_nowait()
            assert accepted is not None
            with accepted:
                client.write(b"hello\n")
                assert accepted.read_line_nowait() == b"hello"
    assert path.is_socket()
    path.unlink()


@pytest.mark.parametrize("bound", ["x.sock", "sub/x.sock", "qt:x", "@x"])
def test_an_adopted_server_knows_the_address_it_was_bound_to_from_here(
    path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.chdir(path.parent)
    (path.parent / "sub").mkdir()
    with LocalServer.adopt_descriptor(listening(bound).detach()) as server:
        assert server.endpoint is not None
        assert server.endpoint.location == str(path.parent / bound)
        with connect(server.address):
            pass
    (path.parent / bound).unlink()


def test_an_adopted_server_whose_file_moved_knows_no_address(path: Path) -> None:
    first = listen(path)  # bound to a temporary name that it has no longer
    with LocalServer.adopt_descriptor(os.dup(first.fileno())) as server:
        assert server.endpoint is None
        assert server.address == ""
        assert "''" in repr(server)
        with connect(path), closing(server.accept_nowait()):  # type: ignore[type-var]
            pass
    first.close()


@linux_only
def test_an_adopted_abstract_server_admits_the_same_user_only() -> None:
    address = f"localsocket-{os.getpid()}"
    descriptor = listening(f"\0{address}").detach()
    for allow in (ANY_USER, [NOBODY]):
        with pytest.raises(ValueError, match="only allow=SAME_USER is possible; use a path instead"):
            LocalServer.adopt_descriptor(descriptor, allow=allow)
    assert os.get_blocking(descriptor)
    with LocalServer.adopt_descriptor(descriptor) as server:
        assert server.address == f"@{address}"


# --- what is not ---------------------------------------------------------------------------------------------------


def make_pipe() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def make_file() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def make_listening_tcp() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return os.dup(server.fileno())


def make_datagram_socket() -> int:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()


def make_packet_socket() -> int:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).detach()


def make_unlistening_socket() -> int:
    return socket.socket(socket.AF_UNIX).detach()


def make_connected_socket() -> int:
    ends = socket.socketpair()
    ends[1].close()
    return ends[0].detach()


UNSUITABLE: list[tuple[Callable[[], int], str]] = [
    (make_pipe, "it is not a socket"),
    (make_file, "it is not a socket"),
    (make_listening_tcp, "it is AF_INET SOCK_STREAM, not a Unix stream socket"),
    (make_datagram_socket, "it is AF_UNIX SOCK_DGRAM, not a Unix stream socket"),
    (make_packet_socket, "it is AF_UNIX SOCK_SEQPACKET, not a Unix stream socket"),
    (make_unlistening_socket, "it is a socket that is not listening; use serve_socket() for a connected one"),
    (make_connected_socket, "it is a socket that is not listening; use serve_socket() for a connected one"),
]


@pytest.mark.parametrize(("make_one", "reason"), UNSUITABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_an_unsuitable_descriptor_is_refused_and_stays_the_callers(make_one: Callable[[], int], reason: str) -> None:
    descriptor = make_one()
    os.set_inheritable(descriptor, True)
    with pytest.raises(UnsuitableDescriptor) as caught:
        LocalServer.adopt_descriptor(descriptor)
    assert str(caught.value) == f"descriptor {descriptor} cannot be used: {reason}"
    assert (caught.value.fd, caught.value.errno) == (descriptor, errno.EINVAL)
    assert os.get_blocking(descriptor)
    assert os.get_inheritable(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize("descriptor", [-1, 2**40, "closed"])
def test_a_descriptor_that_is_not_open_is_refused(descriptor: int | str) -> None:
    if isinstance(descriptor, str):
        descriptor = make_file()
        os.close(descriptor)
    with pytest.raises(UnsuitableDescriptor, match=f"descriptor {descriptor} cannot be used: it is not open"):
        LocalServer.adopt_descriptor(descriptor)


def test_a_socket_family_that_python_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strange(socket.socket):
        family = 44  # type: ignore[assignment]

    monkeypatch.setattr(socket, "socket", Strange)
    with ExitStack() as cleanup:
        descriptor = make_unlistening_socket()
        cleanup.callback(os.close, descriptor)
        with pytest.raises(UnsuitableDescriptor, match="it is 44 SOCK_STREAM, not a Unix stream socket"):
            adopt_listener(descriptor, SAME_USER)
