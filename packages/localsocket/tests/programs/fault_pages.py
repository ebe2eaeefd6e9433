"""Call a service of this process with 60 kB, a few calls at once, and tell how many pages each had to be given.

Takes "threads" or "tasks", and the address.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections import deque

from common import tell

from localsocket import Client, ServerThread, Service, aio

CALLS = 500
AT_ONCE = 4
ARGUMENT = bytes(60_000)
service = Service("demo")


@service.method
def echo(data: bytes) -> bytes:
    return data


def pages_given() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def from_one_thread(address: str) -> None:
    with ServerThread(address, service), Client(address) as client:
        for calls in (AT_ONCE, CALLS):
            before = pages_given()
            waiting = deque(client.start("echo", ARGUMENT) for _ in range(AT_ONCE))
            for _ in range(calls - AT_ONCE):
                waiting.popleft().result()
                waiting.append(client.start("echo", ARGUMENT))
            for call in waiting:
                call.result()
    tell((pages_given() - before) / CALLS)


async def from_tasks(address: str) -> None:
    async def call_often(client: aio.Client, calls: int) -> None:
        for _ in range(calls):
            await client.call("echo", ARGUMENT)

    async with aio.serve(address, service), aio.Client(address) as client:
        for calls in (AT_ONCE, CALLS):
            before = pages_given()
            await asyncio.gather(*(call_often(client, calls // AT_ONCE) for _ in range(AT_ONCE)))
    tell((pages_given() - before) / CALLS)


way, address = sys.argv[1:]
if way == "threads":
    from_one_thread(address)
else:
    asyncio.run(from_tasks(address))
