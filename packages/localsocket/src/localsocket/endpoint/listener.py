"""Opening the door: bind, permissions, publication, and taking down only what is still ours."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import socket
import stat
import sys

from localsocket.endpoint.address import Endpoint, EndpointKind, parse_address
from localsocket.endpoint.adopting import take_socket
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers
from localsocket.endpoint.files import (
    bindable_path,
    companion_name,
    file_status,
    is_listening,
    is_same_file,
    kind_of,
    open_directory,
    translated,
)
from localsocket.endpoint.identities import is_our_file, user_in_words
from localsocket.endpoint.ownership import NameLock
from localsocket.endpoint.reaching import check_adopted, check_reachable, mode_for
from localsocket.errors import NameTaken, PathOccupied, UnsuitableAllow, UnsuitableDescriptor
from localsocket.owned_descriptor import OwnedDescriptor

_LARGEST_BACKLOG = 2**31 - 1  # listen(2) takes a C int; the kernel cuts it down further without a word


class Listener:
    """A listening socket together with what has to be given back when it closes.

    `sock` is non-blocking and close-on-exec. Not thread-safe: one owner calls close(), even when it is forgotten.
    """

    def __init__(self, endpoint: Endpoint | None, sock: socket.socket, publication: Publication | None = None) -> None:
        self.endpoint = endpoint
        self.sock = _ListeningSocket(sock.family, sock.type, sock.proto, sock.detach())
        self.sock.setblocking(False)
        self._publication = publication
        if publication:
            publication.belong()

    @property
    def address(self) -> str:
        """The address as it was given; "" for an adopted descriptor that has none."""
        return self.endpoint.address if self.endpoint else ""

    def withdraw(self) -> None:
        """Remove the socket file if it is still ours, and give the name back; doing it twice is fine."""
        if self._publication:
            self._publication.withdraw()

    def close(self) -> None:
        """Withdraw, then stop listening: a client finds either a listening server or none."""
        self.withdraw()
        with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
            self.sock.close()

    def close_in_child(self) -> None:
        """Drop a forked child's copies: file, name and connections stay the parent's."""
        if self._publication:
            self._publication.close_in_child()
        self.sock.close()


class _ListeningSocket(socket.socket):
    def __del__(self) -> None:
        """Say nothing when forgotten: the garbage collector may come here before it comes to the server."""


class Publication:
    """A socket file at its name, and the right to it."""

    def __init__(self, directory: OwnedDescriptor, lock: NameLock, file_name: str, file: os.stat_result) -> None:
        self._directory = directory
        self._lock = lock
        self._file_name = file_name
        self._file = file

    def belong(self) -> None:
        """Say nothing when forgotten: what this belongs to does, and withdraws it."""
        self._directory._is_owned = True
        self._lock.belong()

    def withdraw(self) -> None:
        if self._directory.number < 0:
            return
        with contextlib.suppress(OSError):  # the directory may be gone, and then so is the file
            if is_same_file(file_status(self._directory.number, self._file_name), self._file):
                os.unlink(self._file_name, dir_fd=self._directory.number)
        self._lock.release()
        self._directory.close()

    def close_in_child(self) -> None:
        self._lock.drop_copy()
        self._directory.close()


def open_listener(
    endpoint: Endpoint, *, mode: int | None, backlog: int, take_over_stale: bool, allow: AllowedUsers = SAME_USER
) -> Listener:
    """Listen at `endpoint`; its file appears listening and with `mode`, or not at all; None is one that fits `allow`.

    Raises UnsuitableAllow if somebody whom `allow` lets in could not get there, NameTaken for a live owner,
    PathOccupied for what is not a stale socket of this user, InsecureDirectory, AddressTooLong, BrokenEndpoint for what
    the system refuses. On failure nothing is left behind.
    """
    if (descriptor := endpoint.descriptor) is not None:
        return adopt_listener(descriptor, allow)
    backlog = min(backlog, _LARGEST_BACKLOG)
    with translated(f"listening at {endpoint.address!r}"):
        if endpoint.is_abstract:
            return _listen_abstract(endpoint, backlog)
        mode = mode_for(allow) if mode is None else mode
        check_reachable(endpoint, allow, mode)
        with translated(f"listening at {endpoint.address!r}: opening the directory {endpoint.directory!r}"):
            directory = open_directory(endpoint, create=True)
        try:
            lock = NameLock.acquire(directory.number, endpoint)
            try:
                _check_target(endpoint, directory.number, take_over_stale=take_over_stale)
                sock, file = _publish(endpoint, directory.number, mode, backlog)
            except BaseException:
                lock.release()
                raise
        except BaseException:
            directory.close()
            raise
        return Listener(endpoint, sock, Publication(directory, lock, endpoint.file_name, file))


def adopt_listener(descriptor: int, allow: AllowedUsers, endpoint: Endpoint | None = None) -> Listener:
    """Take over a descriptor that somebody else bound and set listening, for example systemd.

    Where `endpoint` does not tell that, its address is what it is bound to. Its file is not ours and is never removed.
    Raises UnsuitableDescriptor, or UnsuitableAllow for a file that keeps out whom `allow` lets in, and for an abstract
    address with a wider `allow` than SAME_USER; then the descriptor is still the caller's, as it was.
    """
    sock = take_socket(descriptor)
    try:
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise UnsuitableDescriptor(
                descriptor, "it is a socket that is not listening; use serve_socket() for a connected one"
            )
        endpoint = endpoint or _bound_endpoint(sock)
        check_abstract(endpoint, allow)
        check_adopted(endpoint, allow)
        sock.setblocking(False)
        sock.set_inheritable(False)
    except BaseException:
        sock.detach()
        raise
    return Listener(endpoint, sock)


def check_abstract(endpoint: Endpoint | None, allow: AllowedUsers) -> None:
    """Raise UnsuitableAllow for an abstract address that others than SAME_USER are to be admitted to."""
    if endpoint is not None and endpoint.is_abstract and allow != SAME_USER:
        raise UnsuitableAllow(
            endpoint.address,
            endpoint.address,
            "an abstract address has no permissions: only allow=SAME_USER is possible; use a path instead",
        )


def _bound_endpoint(sock: socket.socket) -> Endpoint | None:
    bound = sock.getsockname()
    if isinstance(bound, bytes):
        name = os.fsdecode(bound[1:])
        return Endpoint(f"@{name}", EndpointKind.ABSTRACT, name) if name else None
    # Where the file was renamed or removed since, or was bound from another directory, nobody can say where it is.
    if not bound or not os.path.exists(bound):
        return None
    return parse_address(os.path.join(".", bound))


def _listen_abstract(endpoint: Endpoint, backlog: int) -> Listener:
    sock = _new_socket()
    try:
        sock.bind(b"\0" + os.fsencode(endpoint.location))
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        # The kernel frees an abstract name with its last descriptor, so "in use" does mean alive here.
        if error.errno == errno.EADDRINUSE:
            raise NameTaken(endpoint.address) from None
        raise
    return Listener(endpoint, sock)


def _check_target(endpoint: Endpoint, directory: int, *, take_over_stale: bool) -> None:
    """Make sure that what is at the name may be replaced: nothing, or our user's socket that nobody serves.

    We hold the lock, so no server of ours is alive. The probe finds live servers that use no lock; it cannot find
    one that is between its bind() and its listen(), which refuses just as a dead one does.
    """
    status = file_status(directory, endpoint.file_name)
    if status is None:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise PathOccupied(endpoint.location, kind_of(status.st_mode))
    if not _is_our_socket(status, directory, endpoint.file_name):
        raise PathOccupied(endpoint.location, f"a socket of {user_in_words(status.st_uid)}")
    if is_listening(endpoint):
        raise NameTaken(endpoint.address)
    if not take_over_stale:
        raise PathOccupied(endpoint.location, "a stale socket, and take_over_stale=False")


def _publish(endpoint: Endpoint, directory: int, mode: int, backlog: int) -> tuple[socket.socket, os.stat_result]:
    new_name = companion_name(endpoint.file_name, "new")
    _remove_leftover(endpoint, directory, new_name)
    path = bindable_path(endpoint, directory, new_name)
    sock = _new_socket()
    try:
        _restrict(sock, mode)
        sock.bind(path)
        try:
            _set_mode(directory, new_name, mode)
            sock.listen(backlog)
            file = os.stat(new_name, dir_fd=directory, follow_symlinks=False)
            os.rename(new_name, endpoint.file_name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new_name, dir_fd=directory)
            raise
    except BaseException:
        sock.close()
        raise
    return sock, file


def _remove_leftover(endpoint: Endpoint, directory: int, new_name: str) -> None:
    """Remove what a predecessor left that was killed between its bind and its rename; the lock makes it ours."""
    status = file_status(directory, new_name)
    if status is None:
        return
    leftover = dataclasses.replace(endpoint, location=os.path.join(endpoint.directory, new_name))
    if not stat.S_ISSOCK(status.st_mode) or not _is_our_socket(status, directory, new_name):
        raise PathOccupied(leftover.location, kind_of(status.st_mode))
    if is_listening(leftover):  # a path, unlike a name, may begin with a dot
        raise PathOccupied(leftover.location, "the socket of a live server")
    os.unlink(new_name, dir_fd=directory)


def _restrict(sock: socket.socket, mode: int) -> None:
    # Linux gives the new file the descriptor's mode, less the umask, so that no client ever sees a wider one.
    # macOS and the BSDs refuse; there the file is hidden under its temporary name until _set_mode() has run.
    with contextlib.suppress(OSError):
        # localsocket: ignore[LS101] a wide mode is what `allow=` asked for, and peers are checked one by one
        os.fchmod(sock.fileno(), mode)


def _set_mode(directory: int, new_name: str, mode: int) -> None:
    """Give the file exactly `mode`, where the umask took bits away or the system ignored fchmod()."""
    status = os.stat(new_name, dir_fd=directory, follow_symlinks=False)
    if stat.S_IMODE(status.st_mode) == mode:
        return
    if sys.platform == "linux":
        _change_mode(directory, new_name, status, mode)
    else:  # pragma: no cover - macOS and the BSDs, never run
        os.chmod(new_name, mode, dir_fd=directory, follow_symlinks=False)


def _change_mode(directory: int, name: str, status: os.stat_result, mode: int) -> None:
    # chmod() follows links; a descriptor of the very file that we looked at cannot be swapped for one.
    with OwnedDescriptor.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory) as file:
        if not is_same_file(status, os.fstat(file.number)):
            raise PathOccupied(name, "being replaced by another process")
        os.chmod(f"/proc/self/fd/{file.number}", mode)


def _is_our_socket(status: os.stat_result, directory: int, name: str) -> bool:
    # Only the owner may change the mode, even to what it is.
    return is_our_file(status, lambda: _change_mode(directory, name, status, stat.S_IMODE(status.st_mode)))


def _new_socket() -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock
