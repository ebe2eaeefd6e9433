"""A small service that the tests of the bus call."""

from __future__ import annotations

from localsocket import Service
from localsocket.services.served_call import current_call


def shop(said: str = "") -> Service:
    service = Service("demo.shop", version="1.2.3")

    @service.method(idempotent=True)
    async def who() -> str:
        return said

    @service.method
    async def add(a: int, b: int = 1) -> int:
        return a + b

    @service.method
    async def echo(data: bytes) -> bytes:
        return data

    @service.method
    async def caller() -> int:
        return current_call().peer.uid

    return service
