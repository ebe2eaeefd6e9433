"""A client of the shop by asyncvarlink, which checks each message against types that are written down here.

No `from __future__ import annotations`: it reads the annotations as they are.
"""

# ruff: noqa: N802 - the methods are called as in varlink

import typing

import asyncvarlink
from asyncvarlink.serviceerrors import InvalidParameter

from services.varlink_peers import INTERFACE


class NotFound(asyncvarlink.TypedVarlinkErrorReply, interface=INTERFACE):
    class Parameters:
        message: str
        arguments: list[typing.Any] | None
        name: str
        tried: int


class Item(typing.TypedDict):
    name: str
    price: float
    colour: str | None


class ShopInterface(asyncvarlink.VarlinkInterface, name=INTERFACE):
    errors = (NotFound, InvalidParameter)

    @asyncvarlink.varlinkmethod(return_parameter="result")
    def Add(self, *, a: int, b: int | None = None) -> int: ...

    @asyncvarlink.varlinkmethod(return_parameter="result")
    def TakeOne(self, *, name: str) -> Item: ...

    @asyncvarlink.varlinkmethod(return_parameter="result")
    def Find(self, *, name: str) -> Item: ...

    @asyncvarlink.varlinkmethod(return_parameter="item")
    def Count(self, *, to: int) -> typing.Iterator[int | None]: ...


class WronglyTyped(asyncvarlink.VarlinkInterface, name=INTERFACE):
    errors = (InvalidParameter,)

    @asyncvarlink.varlinkmethod(return_parameter="result")
    def Add(self, *, a: str) -> int: ...


async def calls(path: str) -> tuple[int, str, list[int | None], str, str]:
    transport, protocol = await asyncvarlink.connect_unix_varlink(asyncvarlink.VarlinkClientProtocol, str(path))
    try:
        shop = protocol.make_proxy(ShopInterface)
        total = (await shop.Add(a=2, b=3))["result"]
        taken = (await shop.TakeOne(name="tea"))["result"]["name"]
        counted = [each.get("item") async for each in shop.Count(to=2)]
        try:
            await shop.Find(name="tea")
        except NotFound as error:
            missing = error.p_name
        try:
            await protocol.make_proxy(WronglyTyped).Add(a="x")
        except InvalidParameter as error:
            wrong = error.p_parameter
    finally:
        transport.close()
    return total, taken, counted, missing, wrong
