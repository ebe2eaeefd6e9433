"""Taking over a connected socket that somebody else made: inherited, or of a pair."""

from __future__ import annotations

import socket

from localsocket.endpoint.credentials import AllowedUsers, PeerCredentials, check_peer, read_credentials
from localsocket.endpoint.listener import take_socket
from localsocket.errors import UnsuitableDescriptor


def adopt_connection(descriptor: int, allow: AllowedUsers) -> tuple[socket.socket, PeerCredentials]:
    """Take over a connected Unix stream socket's descriptor; it becomes non-blocking and close-on-exec.

    Raises UnsuitableDescriptor, or PeerRefused where `allow` does not admit the other end, PeerUnknown where it is not
    connected; then the descriptor is still the caller's.
    """
    sock = take_socket(descriptor)
    try:
        if is_listening(sock):
            raise UnsuitableDescriptor(descriptor, "it listens: LocalServer.adopt_descriptor() is for that")
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
