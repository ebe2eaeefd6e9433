"""Serve an address until the standard input ends, in one of the ways that the attack battery tries.

Takes the way ("plain service", "asyncio service", "loop", "threads", "tasks") and the address.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import inspect
import logging
import resource
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from common import tell, wait_for_end

from localsocket import ANY_USER, SAME_USER, EventSocket, Handler, LocalSocket, ServerThread, Service, aio

_TICK = 0.01


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def echo_socket(socket: LocalSocket) -> None:
    while received := socket.read():
        socket.write(received)


async def echo_in_task(socket: aio.LocalSocket) -> None:
    while received := await socket.read():
        await socket.write(received)


# --- services: `nap` holds a thread in both kinds, `rest` a coroutine where there are some ----------------------------


def echo(data: bytes) -> bytes:
    return data


def nap(seconds: float, data: bytes = b"") -> int:
    time.sleep(seconds)
    return len(data)


def take(anything: Any = None) -> None:
    pass


def fail(anything: Any = None) -> None:
    raise KeyError(anything)


def numbers() -> Iterator[int]:
    number = 0
    while True:
        yield (number := number + 1)


async def rest(seconds: float, data: bytes = b"") -> int:
    await asyncio.sleep(seconds)
    return len(data)


async def numbers_in_task() -> AsyncIterator[int]:
    number = 0
    while True:
        yield (number := number + 1)
        await asyncio.sleep(0)


def in_task(function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    @functools.wraps(function)
    async def method(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    method.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return method


def service_of(*, is_async: bool) -> Service:
    service = Service("demo.attacked")
    for function in (echo, take, fail):
        service.method(in_task(function) if is_async else function, name=function.__name__)
    service.method(nap)
    service.method(rest if is_async else nap, name="rest")
    service.method(numbers_in_task if is_async else numbers, name="numbers")
    service.method(numbers, name="numbers_in_thread")

    def state() -> tuple[int, int]:
        stats = service.stats()
        return stats.open_connections, stats.active_calls

    service.method(in_task(state) if is_async else state, name="state")
    ticks = service.topic("ticks", bytes, queue=100)

    def publish() -> None:
        while True:
            ticks.publish(bytes(1000))
            time.sleep(_TICK)

    threading.Thread(target=publish, daemon=True).start()
    return service


def handler_of(way: str) -> Any:
    if way.endswith("service"):
        return service_of(is_async=way == "asyncio service")
    return {"loop": Echo(), "threads": echo_socket}[way]


async def serve_in_tasks(address: str) -> None:
    async with aio.serve(address, echo_in_task):
        tell({"serving": address})
        await asyncio.to_thread(wait_for_end)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("way")
    parser.add_argument("address")
    parser.add_argument("--any-user", action="store_true")
    parser.add_argument("--descriptors", type=int, help="how many files this process may open")
    options = parser.parse_args()
    if options.descriptors is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, options.descriptors))
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    if options.way == "tasks":
        asyncio.run(serve_in_tasks(options.address))
    else:
        with ServerThread(options.address, handler_of(options.way), allow=ANY_USER if options.any_user else SAME_USER):
            tell({"serving": options.address})
            wait_for_end()
