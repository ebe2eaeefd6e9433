"""Where a connection of a service leads: its first byte chooses among the protocols that are spoken there."""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Mapping
from typing import NamedTuple

from localsocket.errors import PeerBrokeProtocol
from localsocket.services.method import SUBSCRIBE_NUMBERED, Method
from localsocket.services.protocols import ProtocolName, what_to_install
from localsocket.services.service import Service
from localsocket.services.varlink_interface import VarlinkInterface
from localsocket.wire.answerer import Answerer
from localsocket.wire.door import Door
from localsocket.wire.varlink import VarlinkDoor


class Opened(NamedTuple):
    """A door for one connection, and the methods that are called through it, by the names that they have there."""

    protocol: ProtocolName
    door: Door
    table: Mapping[str, Method]


class Entrance(NamedTuple):
    """One protocol: the bytes with which its clients begin, each of which means no other, and what opens its door."""

    first_bytes: bytes
    open: Callable[[Service], Opened]


def _open_localsocket(service: Service) -> Opened:
    return Opened("localsocket", Answerer(service._greeting), service._table)


def _open_varlink(service: Service) -> Opened:
    interface: VarlinkInterface | None = service._for_protocols.get("varlink")
    if interface is None:
        interface = service._for_protocols["varlink"] = VarlinkInterface(service)
        service._add_methods_of_protocol(interface.table)
    door = VarlinkDoor(interface.name, interface.shapes, interface.errors, service.limits.message)
    return Opened("varlink", door, interface.table)


def _open_http(service: Service) -> Opened:
    from localsocket.wire.http_door import HttpDoor  # which needs h11

    table: dict[str, Method] | None = service._for_protocols.get("http")
    if table is None:
        # Numbered items are MessagePack within MessagePack, for clients that resume.
        table = {name: method for name, method in service._table.items() if name != SUBSCRIBE_NUMBERED}
        service._for_protocols["http"] = table
    return Opened("http", HttpDoor(service.limits.message, table), table)


# A greeting begins with its length, which is at most 65,536: the first of its bytes is 0.
_ENTRANCES: dict[ProtocolName, Entrance] = {
    "localsocket": Entrance(b"\0", _open_localsocket),
    "varlink": Entrance(b"{", _open_varlink),
    "http": Entrance(string.ascii_uppercase.encode(), _open_http),
}


def enter(service: Service, protocols: tuple[ProtocolName, ...], first: int) -> Opened:
    """Return the door to which the first byte of a connection leads. Raises PeerBrokeProtocol where there is none."""
    service._keep_table()
    if (entrance := _by_first_byte(protocols).get(first)) is None:
        raise PeerBrokeProtocol(f"its first byte is {first:#04x}, {_why_not(first)}")
    return entrance.open(service)


def _why_not(first: int) -> str:
    name = next((name for name, entrance in _ENTRANCES.items() if first in entrance.first_bytes), None)
    if name is None:
        return "with which no protocol that is spoken here begins"
    return f"with which {name} begins, {what_to_install(name) or 'which is not spoken here'}"


@functools.cache
def _by_first_byte(protocols: tuple[ProtocolName, ...]) -> dict[int, Entrance]:
    entrances = [_ENTRANCES[name] for name in protocols]
    return {first: entrance for entrance in entrances for first in entrance.first_bytes}
