"""iceoryx2: a service for each direction, both ends waiting on events, or both looking again without end.

It has no calls that bytes of any length could be arguments of: here each end copies them into memory and out of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import iceoryx2

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test

# More than are in flight: what does not fit would be lost, or its sender would wait.
BUFFERED = 128


class Direction:
    """Sends by one service and receives by another; with `waits` each has an event that says so."""

    def __init__(self, path: str, argument_bytes: int, sends: str, receives: str, *, waits: bool) -> None:
        self._waits = waits
        node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
        self._kept = [node]

        def data(direction: str) -> Any:
            name = iceoryx2.ServiceName.new(f"{Path(path).parent.name}/{direction}")
            builder = node.service_builder(name).publish_subscribe(iceoryx2.Slice[ctypes.c_uint8])
            return builder.subscriber_max_buffer_size(BUFFERED).enable_safe_overflow(False).open_or_create()

        def event(direction: str) -> Any:
            name = iceoryx2.ServiceName.new(f"{Path(path).parent.name}/{direction}/event")
            return node.service_builder(name).event().open_or_create()

        self._listener = event(receives).listener_builder().create()
        self._notifier = event(sends).notifier_builder().create()
        self._subscriber = data(receives).subscriber_builder().create()
        self._publisher = data(sends).publisher_builder().initial_max_slice_len(argument_bytes).create()

    def send(self, argument: bytes) -> None:
        sample = self._publisher.loan_slice_uninit(len(argument))
        ctypes.memmove(sample.payload_ptr, argument, len(argument))
        sample.assume_init().send()
        if self._waits:
            self._notifier.notify()

    def receive(self) -> bytes:
        while (sample := self._subscriber.receive()) is None:
            if self._waits:
                self._listener.blocking_wait()
        try:
            return bytes(sample.payload().as_memory_view())
        finally:
            sample.delete()


class IceoryxEnds(Ends):
    waits = True

    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        ends = Direction(path, self.argument_bytes, "back", "there", waits=self.waits)
        ready()
        while True:
            ends.send(ends.receive())

    def sequential(self, path: str, log: CallLog) -> None:
        ends = Direction(path, self.argument_bytes, "there", "back", waits=self.waits)

        def call(argument: bytes) -> bytes:
            ends.send(argument)
            return ends.receive()

        one_by_one(call, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        ends = Direction(path, self.argument_bytes, "there", "back", waits=self.waits)
        pipelined(ends.send, lambda _: ends.receive(), log, count)


class IceoryxPolling(IceoryxEnds):
    waits = False
