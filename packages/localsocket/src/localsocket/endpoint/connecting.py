"""Knocking once: one attempt to connect, with the server's identity checked before the first byte."""

from __future__ import annotations

import errno
import os
import socket
import stat

from localsocket.endpoint.address import Endpoint
from localsocket.endpoint.adopting import adopt_connection
from localsocket.endpoint.credentials import AllowedUsers, PeerCredentials, check_peer, read_credentials
from localsocket.endpoint.files import connectable_path, kind_of, open_directory, translated
from localsocket.errors import AccessDenied, LocalSocketError, ServerBusy, ServerNotFound, ServerRefused


def try_connect(endpoint: Endpoint, allow_server: AllowedUsers) -> tuple[socket.socket, PeerCredentials]:
    """Connect now or fail now; the non-blocking socket belongs to the caller.

    Raises ServerNotFound, ServerRefused, ServerBusy (full accept queue: try again, on a fresh socket), AccessDenied,
    PeerRefused, InsecureDirectory, AddressTooLong, BrokenEndpoint; UnsuitableDescriptor for what is not connected.
    """
    if (descriptor := endpoint.descriptor) is not None:
        return adopt_connection(descriptor, allow_server)
    sock: socket.socket | None = None
    try:
        with translated(f"connecting to {endpoint.address!r}"):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        with translated(f"connecting to {endpoint.address!r}"):
            try:
                _connect(sock, endpoint)
            except LocalSocketError:
                raise
            except OSError as error:
                raise _explain(endpoint, error) from error
        # A connect that was interrupted can leave the socket unconnected without an error; that has no peer either.
        peer = read_credentials(sock)
        check_peer(peer, allow_server)
    except BaseException:
        if sock is not None:
            sock.close()
        raise
    return sock, peer


def _connect(sock: socket.socket, endpoint: Endpoint) -> None:
    if endpoint.is_abstract:
        sock.connect(b"\0" + os.fsencode(endpoint.location))
        return
    # Held open during the connect, so that the directory that was verified is the one that is used.
    with open_directory(endpoint, create=False), connectable_path(endpoint.location, endpoint.address) as path:
        sock.connect(path)


def _explain(endpoint: Endpoint, error: OSError) -> OSError:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return ServerNotFound(endpoint.address)
        case errno.ECONNREFUSED if endpoint.is_abstract:
            return ServerNotFound(endpoint.address)
        case errno.ECONNREFUSED | errno.ENOTSOCK:
            return _refused(endpoint)
        case errno.EAGAIN:
            return ServerBusy(endpoint.address)
        case errno.EACCES | errno.EPERM:
            return _denied(endpoint)
    return error


def _denied(endpoint: Endpoint) -> AccessDenied:
    """Return the error with the first thing on the way that keeps this user out, as far as it can be seen."""
    if endpoint.is_abstract:
        return AccessDenied(endpoint.address)
    parts = [endpoint.location]
    while (directory := os.path.dirname(parts[-1])) != parts[-1]:
        parts.append(directory)
    for path in reversed(parts):
        is_file = path == endpoint.location
        as_who_it_acts = os.access in os.supports_effective_ids
        if os.access(path, os.W_OK if is_file else os.X_OK, effective_ids=as_who_it_acts):
            continue
        try:
            status = os.stat(path)
        except OSError:
            break
        what = f"(mode {stat.S_IMODE(status.st_mode):04o}, of uid {status.st_uid})"
        lacks = "does not let them write, which connecting needs" if is_file else "does not let them through"
        return AccessDenied(endpoint.address, path, f"{what} {lacks}")
    return AccessDenied(endpoint.address)


def _refused(endpoint: Endpoint) -> OSError:
    try:
        mode = os.stat(endpoint.location).st_mode
    except OSError:
        return ServerNotFound(endpoint.address)  # gone since: its server closed in between
    if stat.S_ISSOCK(mode):
        return ServerRefused(endpoint.address)
    return ServerRefused(endpoint.address, kind_of(mode))
