"""Socket files seen through their directory's descriptor, so that nothing on the way can be swapped."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator

from localsocket.endpoint.address import ADDRESS_BYTES, Endpoint, EndpointKind
from localsocket.endpoint.runtime_directory import open_runtime_directory
from localsocket.errors import AddressTooLong, BrokenEndpoint, LocalSocketError
from localsocket.owned_descriptor import OwnedDescriptor

# O_PATH needs no read permission on the directory, and its descriptor serves for every *at() call.
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)


def open_directory(endpoint: Endpoint, *, create: bool) -> OwnedDescriptor:
    """Open the directory of a socket file; the runtime directory is verified, and made if `create` says so.

    Raises InsecureDirectory for an unsafe runtime directory, FileNotFoundError or another OSError for a bad path.
    """
    if endpoint.kind is EndpointKind.NAME:
        return open_runtime_directory(create=create)
    return OwnedDescriptor.open(endpoint.directory, _PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def file_status(directory: int, name: str) -> os.stat_result | None:
    """Return what is at `name` itself, following no link, or None."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_same_file(status: os.stat_result | None, other: os.stat_result) -> bool:
    return status is not None and (status.st_dev, status.st_ino) == (other.st_dev, other.st_ino)


def kind_of(mode: int) -> str:
    """Return in words what kind of file a mode describes."""
    kinds = {
        stat.S_IFREG: "a plain file",
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a fifo",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def companion_name(file_name: str, suffix: str) -> str:
    """Return the hidden file beside a socket; names cannot begin with a dot, so it is never another one's socket."""
    if len(os.fsencode(file_name)) > 64:
        import hashlib  # it brings OpenSSL, which takes 3.5 MB, for a name that hardly anybody has

        file_name = hashlib.blake2s(os.fsencode(file_name), digest_size=16).hexdigest()
    return f".{file_name}.{suffix}"


def bindable_path(endpoint: Endpoint, directory: int, name: str) -> str:
    """Return a path to `name` that fits into a socket address, through the directory's descriptor if need be."""
    path = os.path.join(endpoint.directory, name)
    length = len(os.fsencode(path))
    if length <= ADDRESS_BYTES:
        return path
    through = f"/proc/self/fd/{directory}/{name}"
    if sys.platform != "linux" or len(os.fsencode(through)) > ADDRESS_BYTES or not os.path.exists("/proc/self/fd"):
        raise AddressTooLong(endpoint.address, length, ADDRESS_BYTES, "the path")
    return through


@contextlib.contextmanager
def connectable_path(location: str, address: str) -> Iterator[str]:
    """Give a path to the socket file that fits into a socket address, through its own descriptor if need be."""
    length = len(os.fsencode(location))
    if length <= ADDRESS_BYTES:
        yield location
        return
    if sys.platform != "linux" or not os.path.exists("/proc/self/fd"):
        raise AddressTooLong(address, length, ADDRESS_BYTES, "the path")
    with OwnedDescriptor.open(location, _PATH_ONLY | os.O_CLOEXEC) as file:
        yield f"/proc/self/fd/{file.number}"


def is_listening(endpoint: Endpoint) -> bool:
    """Whether somebody accepts at the socket file; anything but a refused connect or a vanished file says yes."""
    try:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
            connectable_path(endpoint.location, endpoint.address) as path,
        ):
            probe.setblocking(False)
            return probe.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT)
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn an OSError that is not one of ours into BrokenEndpoint."""
    try:
        yield
    except LocalSocketError:
        raise
    except OSError as error:
        raise BrokenEndpoint(doing, error) from error
