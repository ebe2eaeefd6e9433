"""The client's side of a call row, whatever is called: one call after the other or many at once, each echo checked."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from array import array
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from queue import SimpleQueue
from time import perf_counter
from typing import TypeVar

Call = Callable[[bytes], bytes]
AwaitedCall = Callable[[bytes], Awaitable[bytes]]
Handle = TypeVar("Handle")

# So many different ones in turn that an echo given to the wrong call is not taken for the right one.
ARGUMENTS = 7
LONGEST_WARM_UP = 0.3
# What two sockets hold on every system, though Linux's hold 200 KiB each.
UNREAD_BYTES = 8192


class CallLog:
    """What a row's calls found: the latency of every call that ended in the measured time, and every wrong byte.

    Calls that end in the warm-up, or when the time is over, are checked and not counted.
    """

    def __init__(self, argument_bytes: int, seconds: float) -> None:
        self.argument_bytes = argument_bytes
        self.seconds = seconds
        # Appended to, by any thread: adding to a number is two steps.
        self._latencies = array("d")
        self._wrong_bytes = array("q")
        self._arguments = itertools.cycle([random.Random(seed).randbytes(argument_bytes) for seed in range(ARGUMENTS)])
        self._measured_from = self._measured_until = float("inf")

    def start_clock(self) -> None:
        """Begin the warm-up; the connection is there and has been used."""
        self._measured_from = perf_counter() + min(LONGEST_WARM_UP, self.seconds / 2)
        self._measured_until = self._measured_from + self.seconds

    def fits_unread(self, count: int) -> bool:
        """Say whether so many arguments can be sent before the first echo is received."""
        return self.argument_bytes * count <= UNREAD_BYTES

    @property
    def is_over(self) -> bool:
        return perf_counter() >= self._measured_until

    def next_argument(self) -> bytes:
        return next(self._arguments)

    def note(self, argument: bytes, echo: bytes, began: float) -> None:
        """Check what has just come back for the call that began then. Safe from any thread."""
        ended = perf_counter()
        if self._measured_from <= ended < self._measured_until:
            self._latencies.append(ended - began)
        if echo != argument:
            self._wrong_bytes.append(different_bytes(argument, echo))

    def figures(self) -> dict[str, float | int]:
        """Return what the row's program prints of this."""
        calls = len(self._latencies)
        if not calls:
            raise RuntimeError(f"no call ended within {self.seconds:g} s")
        ordered = sorted(self._latencies)
        received = calls * self.argument_bytes
        return {
            "seconds": self.seconds,
            "bytes_received": received,
            "messages_per_second": calls / self.seconds,
            "mib_per_second": received / 2**20 / self.seconds,
            "corrupted": sum(self._wrong_bytes),
            "p50_us": ordered[calls // 2] * 1e6,
            "p99_us": ordered[min(calls - 1, calls * 99 // 100)] * 1e6,
        }


def different_bytes(argument: bytes, echo: bytes) -> int:
    return sum(sent != received for sent, received in itertools.zip_longest(argument, echo))


def one_by_one(call: Call, log: CallLog) -> None:
    """Call again whenever the answer is there."""
    call(log.next_argument())
    log.start_clock()
    call_until_over(call, log)


def call_until_over(call: Call, log: CallLog) -> None:
    while not log.is_over:
        argument = log.next_argument()
        began = perf_counter()
        log.note(argument, call(argument), began)


def in_threads(opened: Callable[[], AbstractContextManager[Call]], log: CallLog, count: int) -> None:
    """Call one by one from `count` threads at once, each of which opens what it calls."""
    all_connected = threading.Barrier(count, action=log.start_clock)

    def run() -> None:
        try:
            with opened() as call:
                call(log.next_argument())
                all_connected.wait()
                call_until_over(call, log)
        except BaseException:
            all_connected.abort()
            raise

    with ThreadPoolExecutor(count) as threads:
        runs = [threads.submit(run) for _ in range(count)]
    errors = [error for error in map(Future.exception, runs) if error]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error


def pipelined(
    start: Callable[[bytes], Handle], finish: Callable[[Handle], bytes], log: CallLog, in_flight: int
) -> None:
    """Keep so many calls on their way from one thread, which waits for the oldest."""
    finish(start(log.next_argument()))
    log.start_clock()
    waiting: deque[tuple[bytes, float, Handle]] = deque()

    def start_one() -> None:
        argument = log.next_argument()
        waiting.append((argument, perf_counter(), start(argument)))

    for _ in range(in_flight):
        start_one()
    while waiting:
        argument, began, handle = waiting.popleft()
        log.note(argument, finish(handle), began)
        if not log.is_over:
            start_one()


def sent_ahead(send: Callable[[bytes], object], receive: Callable[[], bytes], log: CallLog, in_flight: int) -> None:
    """Keep so many arguments on their way: a second thread sends them, this one receives the echoes in their order."""
    send(log.next_argument())
    receive()
    log.start_clock()
    free = threading.Semaphore(in_flight)
    sent: SimpleQueue[tuple[bytes, float] | None] = SimpleQueue()

    def send_until_over() -> None:
        while not log.is_over:
            free.acquire()
            argument = log.next_argument()
            sent.put((argument, perf_counter()))
            send(argument)
        sent.put(None)

    # A daemon: should receiving fail, nobody is left to wait for.
    threading.Thread(target=send_until_over, daemon=True).start()
    while following := sent.get():
        argument, began = following
        log.note(argument, receive(), began)
        free.release()


async def one_by_one_awaited(call: AwaitedCall, log: CallLog) -> None:
    """As one_by_one()."""
    await call(log.next_argument())
    log.start_clock()
    await await_until_over(call, log)


async def await_until_over(call: AwaitedCall, log: CallLog) -> None:
    while not log.is_over:
        argument = log.next_argument()
        began = perf_counter()
        log.note(argument, await call(argument), began)


async def in_tasks(call: AwaitedCall, log: CallLog, count: int) -> None:
    """Call one by one from `count` tasks at once."""
    await call(log.next_argument())
    log.start_clock()
    await asyncio.gather(*(await_until_over(call, log) for _ in range(count)))
