"""Addresses that lead out of this machine, and what reaches them: loaded where somebody writes one, and not before."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Protocol

from localsocket.deadlines import Deadline
from localsocket.interfaces import Limits
from localsocket.sockets.connector import Connected, Connector

_NATS = "nats://"

# What a client may be told of a service on this machine, and what it is that only this machine has.
_ONLY_HERE = {
    "start": "starts a program on this machine; have the service started where it runs, for instance by systemd",
    "allow_server": "checks the server's uid, which only this machine's kernel knows; over NATS, the NATS server "
    "decides who may serve",
    "protocol": "is for sockets of this machine; over NATS there is one, docs/nats.md",
    "serves": "needs its own connection to one service, but over NATS each call may go to another instance; "
    "serve it with localsocket.bridges.nats.serve()",
}


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


def check_far_away(address: str, options: Iterable[str]) -> None:
    """Raise ValueError for the first of those options that makes no sense beyond this machine."""
    for option in options:
        if option in _ONLY_HERE:
            raise ValueError(f"{option}= does not work with {address!r}: it {_ONLY_HERE[option]}")
