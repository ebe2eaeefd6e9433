"""A peer without any protocol: a socket of the standard library that is connected to a server of ours."""

from __future__ import annotations

import socket

import localsocket
from localsocket.testing import PATIENCE


def connect_raw(address: str) -> socket.socket:
    """Return a connected socket, to be closed by a `with` block, that waits for PATIENCE at most."""
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(PATIENCE)
    peer.connect(localsocket.parse_address(address).location)
    return peer
