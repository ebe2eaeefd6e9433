"""Taking over a connected socket that somebody else made: inherited, or of a pair."""

from __future__ import annotations

import os
import socket
import stat

from localsocket.endpoint.credentials import AllowedUsers, PeerCredentials, check_peer, read_credentials
from localsocket.errors import UnsuitableDescriptor


def adopt_connection(descriptor: int, allow: AllowedUsers) -> tuple[socket.socket, PeerCredentials]:
    """Take over a connected Unix stream socket's descriptor; it becomes non-blocking and close-on-exec.

    Raises UnsuitableDescriptor, or PeerRefused where `allow` does not admit the other end, PeerUnknown where it is not
    connected; then the descriptor is still the caller's.
    """
    sock = take_socket(descriptor)
    try:
        if is_listening(sock):
            raise UnsuitableDescriptor(descriptor, "it is listening: use LocalServer.adopt_descriptor()")
        peer = read_credentials(sock)
        check_peer(peer, allow)
        sock.set_inheritable(False)
        sock.setblocking(False)
    except BaseException:
        sock.detach()
        raise
    return sock, peer


def is_listening(sock: socket.socket) -> bool:
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def take_socket(descriptor: int) -> socket.socket:
    """Wrap a Unix stream socket's descriptor; anything else raises UnsuitableDescriptor and is left alone."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise UnsuitableDescriptor(descriptor, "it is not a socket")
        sock = socket.socket(fileno=descriptor)
    except UnsuitableDescriptor:
        raise
    except (OSError, OverflowError) as error:
        raise UnsuitableDescriptor(descriptor, "it is not open") from error
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        # Families and types that Python does not know are plain numbers.
        kind = " ".join(str(getattr(number, "name", number)) for number in (sock.family, sock.type))
        sock.detach()
        raise UnsuitableDescriptor(descriptor, f"it is {kind}, not a Unix stream socket")
    return sock
