"""What a supervisor and its workers tell each other, on a pair of connected sockets.

A worker says that it has loaded its service, is given the doors, says that it serves, and from time to time that it is
alive. The end of what the supervisor sends means stop: it comes also when the supervisor is gone, however it went.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Sequence
from typing import Literal

import msgspec

from localsocket.blocking.local_server import LocalServer
from localsocket.endpoint.address import parse_address
from localsocket.payload import passing
from localsocket.sockets.server import AdmissionOptions

LEAVE = b"leave"
"""Another one serves from now on: end, and turn nobody away whom you have let in."""

_LONGEST = 1 << 16


class Word(msgspec.Struct, omit_defaults=True):
    """What a worker says. `files` are those that were loaded for its service; `text` tells why it cannot serve it."""

    say: Literal["loaded", "failed", "ready", "alive"]
    service: str = ""
    files: list[str] = []
    text: str = ""


class Doors(msgspec.Struct):
    """What a worker is given, with as many descriptors: their addresses, and how often to say that it is alive."""

    addresses: list[str]
    watchdog: float | None


def say(channel: socket.socket, word: Word) -> None:
    """Tell the supervisor; where that is gone, nobody."""
    with contextlib.suppress(OSError):
        channel.sendall(msgspec.json.encode(word) + b"\n")


class Words:
    """What one worker says, taken as it arrives."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._begun = b""
        self.is_over = False

    def take(self) -> list[Word]:
        """Return what has arrived whole, without waiting."""
        data = self._begun
        with contextlib.suppress(BlockingIOError):
            while piece := self._receive():
                data += piece
            self.is_over = True
        *lines, self._begun = data.split(b"\n")
        return [msgspec.json.decode(line, type=Word) for line in lines]

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(_LONGEST)
        except ConnectionResetError:
            return b""


def give_doors(channel: socket.socket, doors: Sequence[LocalServer], watchdog: float | None) -> None:
    """Hand the listening descriptors to a worker, which gets copies of its own."""
    told = msgspec.json.encode(Doors([door.address for door in doors], watchdog)) + b"\n"
    with contextlib.suppress(OSError):  # it is gone, which is noticed elsewhere
        sent = passing.send(channel, told, [door._listener.sock.fileno() for door in doors])
        channel.sendall(told[sent:])


def take_doors(channel: socket.socket, options: AdmissionOptions) -> tuple[list[LocalServer], float | None] | None:
    """Wait for the doors; None where the supervisor says stop instead."""
    told, descriptors = passing.receive(channel, _LONGEST, passing.SENT_AT_ONCE)
    with contextlib.closing(descriptors):
        while not told.endswith(b"\n"):
            # localsocket: ignore[LS302] the kernel hardly ever cuts this, and what is said next may not be taken
            if not (piece := channel.recv(1)):
                return None
            told += piece
        given = msgspec.json.decode(told, type=Doors)
        doors = []
        for address, descriptor in zip(given.addresses, descriptors.numbers, strict=True):
            endpoint = parse_address(address) if address else None
            doors.append(LocalServer._adopt(os.dup(descriptor), endpoint, **options))
    return doors, given.watchdog


def names_of_files(before: set[str]) -> list[str]:
    """Return the files of the modules that were loaded since, but for those of Python and of what is installed."""
    left_out = tuple({os.path.join(path, "") for path in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})
    files = [getattr(sys.modules[name], "__file__", None) for name in sys.modules.keys() - before]
    return sorted(path for file in files if file and not (path := os.path.abspath(file)).startswith(left_out))
