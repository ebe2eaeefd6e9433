"""Which endpoints are here, whose they are, and whether they are served. Looking disturbs nobody who serves."""

from __future__ import annotations

import enum
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket.endpoint.address import Endpoint, EndpointKind, parse_address
from localsocket.endpoint.files import companion_name, file_status, is_listening, is_same_file
from localsocket.endpoint.runtime_directory import open_runtime_directory, runtime_directory
from localsocket.errors import LocalSocketError
from localsocket.owned_descriptor import OwnedDescriptor
from localsocket.tools.held_locks import held_locks
from localsocket.tools.listening_sockets import SocketKind, listening_sockets

# A socket on its way into place, or left there by a server that was killed on the way.
_UNPUBLISHED = re.compile(r"\..+\.new", re.DOTALL)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOCK_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class EndpointState(enum.Enum):
    """`UNKNOWN` is what this user may not connect to, where the kernel does not tell either."""

    LIVE = "live"
    STALE = "stale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundEndpoint:
    """An endpoint that is here: `address` is what connect() takes, where its `kind` is a stream. None is not known."""

    address: str
    path: str | None
    uid: int | None
    pid: int | None
    mode: int | None
    state: EndpointState
    kind: SocketKind = "stream"


def named_endpoints() -> list[FoundEndpoint]:
    """Return what is in the runtime directory, which may not be there. Raises InsecureDirectory."""
    try:
        directory = open_runtime_directory(create=False)
    except FileNotFoundError:
        return []
    return _endpoints(directory.release(), runtime_directory(), _name_or_path)


def endpoints_in(directory: str, served: ServedNow | None = None) -> list[FoundEndpoint]:
    """Return the sockets in any directory, by their paths. Raises OSError for one that cannot be read.

    Whoever looks into many asks the kernel once, by `served`.
    """
    return _endpoints(os.open(directory, _DIRECTORY), directory, os.fspath, served)


def abstract_endpoints() -> list[FoundEndpoint]:
    """Return the abstract names that are in use; the kernel tells neither mode nor process."""
    return sorted(
        (
            FoundEndpoint(f"@{os.fsdecode(each.name[1:])}", None, each.uid, None, None, EndpointState.LIVE, each.kind)
            for each in listening_sockets()
            if each.is_abstract
        ),
        key=lambda found: found.address,
    )


def _endpoints(
    descriptor: int, directory: str, address_of: Callable[[str], str], served: ServedNow | None = None
) -> list[FoundEndpoint]:
    with OwnedDescriptor(descriptor):
        files = sorted(_socket_files(descriptor))
        # Read after the files, so that what begins to listen meanwhile is not called stale.
        served = served or ServedNow()
        found = []
        for name, status in files:
            path = os.path.join(directory, name)
            path = path if path.startswith(("/", "./", "../")) else f"./{path}"
            state, pid = served.look_up(descriptor, name, status, path)
            if state is EndpointState.STALE and not is_same_file(file_status(descriptor, name), status):
                continue  # its server took it down since
            mode = stat.S_IMODE(status.st_mode)
            kind = served.kind_of(status)
            found.append(FoundEndpoint(address_of(path), os.path.abspath(path), status.st_uid, pid, mode, state, kind))
        return found


def _socket_files(directory: int) -> Iterator[tuple[str, os.stat_result]]:
    for name in os.listdir(directory):
        status = file_status(directory, name)
        if status is not None and stat.S_ISSOCK(status.st_mode) and not _UNPUBLISHED.fullmatch(name):
            yield name, status


class ServedNow:
    """What the kernel says is served at this moment."""

    def __init__(self) -> None:
        self._locks = held_locks()
        self._listening = {each.file: each.kind for each in listening_sockets() if each.file}

    def kind_of(self, status: os.stat_result) -> SocketKind:
        """Return what kind of socket a file belongs to; a stream, where the kernel does not tell."""
        return self._listening.get(_file(status), "stream")

    def look_up(self, directory: int, name: str, status: os.stat_result, path: str) -> tuple[EndpointState, int | None]:
        """Return whether somebody serves the socket file, and the process if it says so by its lock."""
        lock_name = companion_name(name, "lock")
        lock = file_status(directory, lock_name)
        # In a directory that others share, anybody could hold a lock beside the socket.
        if lock is not None and lock.st_uid == status.st_uid and (lock.st_dev, lock.st_ino) in self._locks:
            return EndpointState.LIVE, self._locks[lock.st_dev, lock.st_ino]
        if _file(status) in self._listening:
            return EndpointState.LIVE, None
        # Neither table has it. That is no proof: its server may be in another container, or the system has no such
        # tables (macOS, BSD). Where nobody serves, nobody notices that one knocks, so this disturbs a server only
        # where there is no other way to find it.
        if not os.access(path, os.W_OK):
            return EndpointState.UNKNOWN, None
        if not is_listening(Endpoint(path, EndpointKind.PATH, os.path.abspath(path))):
            return EndpointState.STALE, None
        return EndpointState.LIVE, _written_pid(directory, lock_name)


def _file(status: os.stat_result) -> tuple[int, int]:
    """Return what the kernel's table tells of a file."""
    return status.st_dev, status.st_ino & 0xFFFFFFFF


def _written_pid(directory: int, lock_name: str) -> int | None:
    """Return the process that a lock file names, which is what its writer said."""
    try:
        with OwnedDescriptor(os.open(lock_name, _LOCK_FILE, dir_fd=directory)) as lock:
            text = os.pread(lock.number, 32, 0)
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _name_or_path(path: str) -> str:
    """Return the name of a socket in the runtime directory, or its path if it has one that no name can be."""
    name = os.path.basename(path)
    try:
        parsed = parse_address(name)
    except LocalSocketError:
        return path
    return name if parsed.kind is EndpointKind.NAME else path
