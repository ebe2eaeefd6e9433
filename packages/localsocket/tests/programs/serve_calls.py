"""Serve a service until the standard input ends: of plain functions, or of coroutine functions in an asyncio loop.

Takes "plain" or "async", and the address. Publishes without end.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

from common import become, tell, wait_for_end

from localsocket import ServerThread, Service

service = Service("demo.calls")
ticks = service.topic("ticks", int, queue=100)


def echo(data: bytes) -> bytes:
    return data


def slowly(number: int) -> int:
    time.sleep(0.01)
    return number


def count() -> Iterator[int]:
    number = 0
    while True:
        yield (number := number + 1)


async def echo_async(data: bytes) -> bytes:
    return data


async def slowly_async(number: int) -> int:
    await asyncio.sleep(0.01)
    return number


async def count_async() -> AsyncIterator[int]:
    number = 0
    while True:
        yield (number := number + 1)


def publish() -> None:
    number = 0
    while True:
        ticks.publish(number := number + 1)
        time.sleep(0.0005)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["plain", "async"])
    parser.add_argument("address")
    parser.add_argument("--uid", type=int)
    options = parser.parse_args()
    if options.uid is not None:
        become(options.uid)
    is_async = options.kind == "async"
    service.method(echo_async if is_async else echo, name="echo")
    service.method(slowly_async if is_async else slowly, name="slowly", idempotent=True)
    service.method(count_async if is_async else count, name="count")
    with ServerThread(options.address, service, mode=0o666 if options.uid else 0o600):
        threading.Thread(target=publish, daemon=True).start()
        tell({"serving": options.address})
        wait_for_end()
