"""Qt's tst_qlocalsocket, functions 37 to 40: permissions, adopted descriptors, and options."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import localsocket
from conformance.awaited import Package
from conformance.faces import Face
from conformance.recorder import PATIENCE
from localsocket import Limits
from localsocket.errors import UnsuitableDescriptor

NAME = "conformance"


@pytest.mark.parametrize("mode", [0o700, 0o070, 0o007, 0o777], ids=["user", "group", "other", "all"])
@pytest.mark.parametrize("umask", [0o000, 0o077], ids=["umask 000", "umask 077"])
def test_37_verify_socket_options(mode: int, umask: int, runtime_directory: Path, package: Package) -> None:
    """The socket file has exactly the permissions that were asked for, whatever the umask says."""
    path = runtime_directory / "socket"
    before = os.umask(umask)
    try:
        with package.listen(path, mode=mode):
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_37_verify_socket_options_default_is_private(runtime_directory: Path, package: Package) -> None:
    """Without asking, only the own user may connect (mode 0600), where Qt leaves it to the umask."""
    path = runtime_directory / "socket"
    with package.listen(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@contextlib.contextmanager
def listening(address: str | bytes) -> Iterator[int]:
    """Give a listening descriptor that belongs to whoever uses it."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(address)
    sock.listen()
    try:
        yield sock.detach()
    finally:
        if isinstance(address, str):
            os.unlink(address)


def test_38_verify_listen_with_descriptor(runtime_directory: Path, package: Package) -> None:
    """A descriptor that listens at a path is served at that path, and the file stays when the server closes.

    Qt removes it (B15), though somebody else made it.
    """
    path = str(runtime_directory / "socket")
    with listening(path) as descriptor:
        with package.LocalServer.adopt_descriptor(descriptor) as server:
            assert server.is_listening
            assert server.fileno() == descriptor
            assert not os.get_inheritable(descriptor)
            assert server.address == path
            assert server.endpoint is not None
            assert (server.endpoint.location, server.endpoint.file_name) == (path, "socket")
            with package.connect(path), server.accept(timeout=PATIENCE):
                pass
        assert os.path.exists(path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")
@pytest.mark.parametrize("name", ["abstract", "abstract/with-slash"])
def test_38_verify_listen_with_descriptor_abstract(name: str, package: Package) -> None:
    """A descriptor that listens at an abstract name is served at `@` and that name, slashes and all.

    The server can be reached by what it says its address is.
    """
    name = f"{name}-{os.getpid()}"
    with listening(b"\0" + name.encode()) as descriptor, package.LocalServer.adopt_descriptor(descriptor) as server:
        assert server.address == f"@{name}"
        assert server.endpoint is not None
        assert server.endpoint.location == name
        with package.connect(server.address), server.accept(timeout=PATIENCE):
            pass


def test_38_verify_listen_with_descriptor_that_does_not_listen(package: Package) -> None:
    """One end of a pair is refused, and stays its owner's; Qt takes it, and is a server that never listens (B10)."""
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        with pytest.raises(UnsuitableDescriptor, match="is not listening"):
            package.LocalServer.adopt_descriptor(first.fileno())
        first.send(b"still open")
        assert second.recv(100) == b"still open"


def test_39_server_bindings_and_properties(package: Package) -> None:
    """What a server was made with can be read; what must not change afterwards cannot be set.

    Options are arguments of listen(), which refuses those it does not know; there is nothing that is stored while
    listening and has no effect, and nothing to bind to.
    """
    limits = Limits(read_buffer=1000)
    with package.listen(NAME, max_pending=7, limits=limits) as server:
        assert (server.address, server.max_pending, server.limits) == (NAME, 7, limits)
        with package.connect(NAME), server.accept(timeout=PATIENCE) as accepted:
            assert accepted.limits == limits
        for name, value in {"address": "other", "is_listening": False, "endpoint": None}.items():
            with pytest.raises(AttributeError):
                setattr(server, name, value)
    with pytest.raises(TypeError, match="socket_options"):
        package.listen(NAME, socket_options=7)  # type: ignore[call-arg]


def test_40_socket_bindings(face: Face) -> None:
    """The same for a socket: its options are arguments of connect()."""
    limits = Limits(line=80)
    with localsocket.listen(NAME) as server:
        client = face.connect(NAME, mode="w", limits=limits)
        with server.accept(timeout=PATIENCE):
            assert (client.address, client.mode, client.limits) == (NAME, "w", limits)
            with pytest.raises(AttributeError):
                client.state = None  # type: ignore[assignment,misc]
            with pytest.raises(dataclasses.FrozenInstanceError):
                client.limits.line = 81  # type: ignore[misc]
            client.close()
    with pytest.raises(TypeError, match="socket_options"):
        localsocket.connect(NAME, socket_options=1)  # type: ignore[call-arg]
