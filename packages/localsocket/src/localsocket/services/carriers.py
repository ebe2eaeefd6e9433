"""Addresses that lead out of this machine, and what reaches them: loaded where somebody writes one, and not before."""

from __future__ import annotations

import importlib
from typing import Protocol

from localsocket.deadlines import Deadline
from localsocket.interfaces import Limits
from localsocket.sockets.connector import Connected, Connector

_NATS = "nats://"


class Carrier(Protocol):
    """Reaches the service at one address."""

    shown: str
    """The address without what is secret."""

    def connector(
        self, kind: type[Connected], deadline: Deadline, *, waits: bool, reconnects: bool, limits: Limits
    ) -> Connector[Connected]:
        """Return what makes sockets of `kind`, or what can be used as one."""


def carrier_of(address: object) -> Carrier | None:
    """Return what reaches the address, or None for one on this machine. Raises InvalidAddress, Unsupported."""
    if not isinstance(address, str) or not address.startswith(_NATS):
        return None
    carrier: Carrier = importlib.import_module("localsocket.bridges.nats_sockets").NatsCarrier(address)
    return carrier
