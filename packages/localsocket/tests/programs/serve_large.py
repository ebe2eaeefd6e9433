"""Serve a service of plain functions or coroutine functions whose results are larger than the memory that is left.

Takes "plain" or "async", and the address; ends with the standard input.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import AsyncIterator, Iterator

from common import tell, wait_for_end

from localsocket import ServerThread, Service

LARGE = bytes(60_000_000)
LEFT = 50_000_000

service = Service("demo.large")
news = service.topic("news")


@service.method
def limit() -> None:
    """Allow this process hardly more memory than it has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LEFT, resource.RLIM_INFINITY))


@service.method
def large() -> bytes:
    return LARGE


@service.method
def large_parts() -> dict[str, list[bytes]]:
    return {"parts": [LARGE]}


@service.method
def larger_and_larger() -> Iterator[bytes]:
    yield b"small"
    yield LARGE


@service.method
def add(a: int, b: int) -> int:
    return a + b


async def soon() -> bytes:
    return LARGE


async def soon_and_soon() -> AsyncIterator[bytes]:
    yield b"small"
    yield LARGE


if __name__ == "__main__":
    kind, address = sys.argv[1:]
    if kind == "async":
        service.method(soon)
        service.method(soon_and_soon)
    with ServerThread(address, service):
        tell({"serving": address})
        wait_for_end()
