"""Serve what the soak calls until the standard input ends; takes "plain" or "async", the address and a journal.

The journal has a line for each mark and each note that was run, written before it is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import inspect
import os
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from common import tell, wait_for_end

from localsocket import ServerThread, Service
from localsocket.services.session import Session

_LONGEST_NOTE = 0.002
_TICK = 0.002


class Served:
    """The methods, and what they have done."""

    def __init__(self, journal: str) -> None:
        self.service = Service("demo.soak")
        self.ticks = self.service.topic("ticks", int, queue=50)
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._random = random.Random()

    def echo(self, data: bytes) -> bytes:
        return data

    def mark(self, what: str) -> str:
        self._write("mark", what)
        return what

    def note(self, what: str) -> None:
        time.sleep(self._random.random() * _LONGEST_NOTE)
        self._write("note", what)

    async def note_in_task(self, what: str) -> None:
        await asyncio.sleep(self._random.random() * _LONGEST_NOTE)
        self._write("note", what)

    def nap(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def count(self, to: int) -> Iterator[int]:
        yield from range(to)

    async def count_in_task(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    def state(self) -> dict[str, int]:
        gc.collect()
        stats = self.service.stats()
        return {
            "connections": stats.open_connections,
            "active": stats.active_calls,
            "sessions": sum(type(each) is Session for each in gc.get_objects()),
            "subscribers": stats.subscribers,
        }

    def publish(self) -> None:
        for number in range(1 << 62):
            self.ticks.publish(number)
            time.sleep(_TICK)

    def _write(self, kind: str, what: str) -> None:
        os.write(self._journal, f"{kind} {what}\n".encode())


def in_task(function: Callable[..., Any]) -> Callable[..., Any]:
    async def method(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    functools.update_wrapper(method, function)
    method.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return method


def serve(kind: str, address: str, journal: str) -> None:
    served = Served(journal)
    for method in (served.echo, served.mark, served.state):
        served.service.method(in_task(method) if kind == "async" else method, name=method.__name__)
    served.service.method(served.nap)
    served.service.method(served.nap, name="nap_again", idempotent=True)
    served.service.method(served.note_in_task if kind == "async" else served.note, name="note")
    served.service.method(served.count_in_task if kind == "async" else served.count, name="count")
    served.service.method(served.count, name="count_in_thread")
    with ServerThread(address, served.service):
        threading.Thread(target=served.publish, daemon=True).start()
        tell({"serving": address})
        wait_for_end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["plain", "async"])
    parser.add_argument("address")
    parser.add_argument("journal")
    options = parser.parse_args()
    serve(options.kind, options.address, options.journal)
