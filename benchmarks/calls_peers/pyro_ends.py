"""Pyro5: a proxy belongs to one thread and its connection carries one call, so that many calls need as many of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

import Pyro5
from Pyro5.api import Daemon, Proxy, expose

from calls_loops import Call, CallLog, in_threads, one_by_one
from calls_peers.ends import Ends, Test, wait_to_be_ended

# The default, serpent, writes bytes as base64 and hands them out as a dict.
Pyro5.config.SERIALIZER = "msgpack"


@expose
class Echo:
    def echo(self, argument: bytes) -> bytes:
        return argument


class PyroEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        daemon = Daemon(unixsocket=path)
        daemon.register(Echo(), objectId="echo")
        ready()
        daemon.requestLoop()
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with opened(path) as call:
            one_by_one(call, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        in_threads(partial(opened, path), log, count)


@contextmanager
def opened(path: str) -> Iterator[Call]:
    with Proxy(f"PYRO:echo@./u:{path}") as proxy:
        yield proxy.echo
