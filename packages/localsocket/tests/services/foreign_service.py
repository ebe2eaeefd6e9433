"""A varlink service that is none of this package: made with asyncvarlink, and answering on a socket of its own.

No `from __future__ import annotations`: asyncvarlink reads the annotations as they are.
"""

# ruff: noqa: N802 - the methods are called as in varlink

import contextlib
import os
import typing
from collections.abc import AsyncIterator, Iterator

import asyncvarlink
from asyncvarlink.serviceinterface import VarlinkServiceInterface

from contracts import AioFace


class Broken(asyncvarlink.TypedVarlinkErrorReply, interface="org.example.Foreign"):
    class Parameters:
        part: str


class Foreign(asyncvarlink.VarlinkInterface, name="org.example.Foreign"):
    errors = (Broken,)

    def __init__(self) -> None:
        self.noted: list[str] = []

    @asyncvarlink.varlinkmethod(return_parameter="pong")
    def Ping(self, *, ping: str) -> str:
        return ping

    @asyncvarlink.varlinkmethod(return_parameter="result")
    def AddUp(self, *, numbers: list[int], start: int | None = None) -> int:
        return sum(numbers) + (start or 0)

    @asyncvarlink.varlinkmethod
    def Note(self, *, text: str) -> None:
        self.noted.append(text)

    @asyncvarlink.varlinkmethod(return_parameter="number")
    async def Count(self, *, to: int) -> AsyncIterator[int]:
        for number in range(to - 1):
            yield number
        raise asyncvarlink.LastResult(to - 1)

    @asyncvarlink.varlinkmethod
    def Break(self) -> None:
        raise Broken(part="axle")


@contextlib.contextmanager
def foreign_service(path: str) -> Iterator[Foreign]:
    """Serve it in a loop of its own."""
    foreign = Foreign()
    registry = asyncvarlink.VarlinkInterfaceRegistry()
    registry.register_interface(foreign)
    registry.register_interface(VarlinkServiceInterface("example", "foreign", "2", "https://example.org", registry))
    with AioFace() as face:
        server = face.wait_for(asyncvarlink.create_unix_server(registry.protocol_factory, path))
        try:
            yield foreign
        finally:
            face.wait_for(_close(server))
            os.unlink(path)


async def _close(server: typing.Any) -> None:
    server.close()
