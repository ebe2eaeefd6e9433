"""localsocket's blocking face: a Client, and a ServerThread with a Service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import NoReturn

import localsocket
from calls_loops import CallLog, in_threads, one_by_one, pipelined
from calls_peers.ends import Ends, Skipped, Test, wait_to_be_ended
from localsocket.interfaces import MIB

# Room for the longest arguments that are measured; by default a message has 1 MiB, and goes by socket where it does not
# fit into half of 4 MiB.
LIMITS = localsocket.CallLimits(message=32 * MIB, shared_memory=64 * MIB, shared_memory_in_all=128 * MIB)


class BlockingFace(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        service = localsocket.Service("benchmark.echo", limits=LIMITS)

        @service.method
        def echo(argument: bytes) -> bytes:
            return argument

        with localsocket.ServerThread(path, service):
            ready()
            wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with localsocket.Client(path, limits=LIMITS) as client:
            one_by_one(partial(client.call, "echo"), log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with localsocket.Client(path, limits=LIMITS) as client:
            pipelined(partial(client.start, "echo"), lambda pending: pending.result(), log, count)


class BlockingThreads(BlockingFace):
    def sequential(self, path: str, log: CallLog) -> None:
        raise Skipped("as above")

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with localsocket.Client(path, limits=LIMITS) as client:
            in_threads(lambda: nullcontext(partial(client.call, "echo")), log, count)
