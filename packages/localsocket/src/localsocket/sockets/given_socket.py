"""A connection that the user has already, in whatever form: a descriptor, or a socket object."""

from __future__ import annotations

import os
import socket
from typing import TypeAlias

from localsocket.endpoint.address import DESCRIPTOR_PREFIX
from localsocket.endpoint.adopting import adopt_connection
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers
from localsocket.errors import ClosedByUs
from localsocket.sockets.connection import Connection

Reached: TypeAlias = str | os.PathLike[str] | int | socket.socket | Connection
"""Whom to connect to: address text or a path object; or a connected socket, or its descriptor."""


class GivenSocket:
    """One connection, which is taken over once: until then it is the user's."""

    def __init__(self, number: int, owner: socket.socket | Connection | None) -> None:
        self.address = f"{DESCRIPTOR_PREFIX}{number}"
        self._owner = owner
        self._number = number
        self._is_taken = False

    @classmethod
    def of(cls, given: Reached) -> GivenSocket | None:
        """Return it as one, or None for an address that is to be connected to."""
        if isinstance(given, socket.socket | Connection):
            return cls(given.fileno(), given)
        if isinstance(given, int) and not isinstance(given, bool):
            return cls(given, None)
        if isinstance(given, str) and given.startswith(DESCRIPTOR_PREFIX):
            number = given.removeprefix(DESCRIPTOR_PREFIX)
            return cls(int(number), None) if number.isascii() and number.isdigit() else None
        return None

    def take(self, allow: AllowedUsers = SAME_USER) -> str:
        """Return the address of the descriptor, to be adopted: now it belongs to whoever does that.

        Raises UnsuitableDescriptor or PeerRefused where it cannot be, Busy where something was read ahead; then it is
        still the user's. ClosedByUs for a second time: the number may be another file's by now.
        """
        if self._is_taken:
            raise ClosedByUs(f"the connection of {self.address!r}, which was given once,")
        sock, _ = adopt_connection(self._number, allow)
        sock.detach()
        if self._owner is not None:
            self._number = self._owner.detach()
        self._is_taken = True
        return f"{DESCRIPTOR_PREFIX}{self._number}"
