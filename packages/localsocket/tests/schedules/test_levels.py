"""However late a thread tells to read no more, it is not what stays when everything has been sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from localsocket.aio import shared_socket
from localsocket.aio.service_loop import _Link as AsyncioLink
from localsocket.blocking.handler import Handler
from localsocket.blocking.served import SocketLink as BlockingLink
from localsocket.services import outbox
from localsocket.services.outbox import Outbox
from localsocket.services.tally import Tally
from localsocket.sockets import connection
from schedules.kernel import AsyncioSide, EventLoopSide
from schedules.scheduler import Check, Schedule, explore
from schedules.stand_ins import stand_in

FRAMES = [bytes([number]) * 30 for number in range(4)]
LIMIT = 40  # so many bytes may wait before reading is paused
ROOM = 20  # so many does the kernel take before the peer reads


def put(box: Outbox, frames: list[bytes]) -> None:
    for frame in frames:
        with box.lock:
            box.put(frame)


class _Drained(Handler):
    """Tells the outbox, as the handler of a service does."""

    box: Outbox

    def ready_read(self, socket: object) -> None:
        raise AssertionError("nobody sends anything")

    def drained(self, socket: object) -> None:
        self.box.sent()


@pytest.mark.long
def test_an_event_loop_reads_again_when_all_is_sent() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox, connection)
        side = EventLoopSide(schedule, ROOM, handler := _Drained())
        box = handler.box = Outbox(BlockingLink(side.socket), LIMIT, Tally(), lambda reason: None)
        putters = [partial(put, box, FRAMES[:2]), partial(put, box, FRAMES[2:])]
        return run(schedule, side, side.run, putters)

    explore(scenario)


def test_an_asyncio_loop_reads_again_when_all_is_sent() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox, shared_socket)
        side = AsyncioSide(schedule, ROOM)
        box = Outbox(AsyncioLink(_Connection(side), side.socket), LIMIT, Tally(), lambda reason: None)  # type: ignore[arg-type]

        def begin() -> None:
            side.socket.begin(lambda data: None, lambda error: None, box.sent)

        def put_from_thread() -> None:
            schedule.wait("waits for the loop to begin", lambda: side.has_begun)
            put(box, FRAMES)

        return run(schedule, side, partial(side.run, begin), [put_from_thread])

    explore(scenario)


class _Scripted:
    """A link whose loop sends all that waits at once, whenever it comes to that."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.bytes_to_write = 0
        self.is_reading = True

    def write(self, data: bytes) -> None:
        self._schedule.step("queues")
        self.bytes_to_write += len(data)

    def send_all(self, box: Outbox) -> None:
        self._schedule.wait("polls", lambda: bool(self.bytes_to_write))
        self.bytes_to_write = 0
        box.sent()

    def set_reading(self, is_wanted: bool) -> None:
        assert not (is_wanted and self.bytes_to_write >= LIMIT), "it reads, and too much waits to be sent"
        self.is_reading = is_wanted


def test_nothing_is_read_because_all_is_sent_where_so_much_waits_again() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox)
        link: Any = _Scripted(schedule)
        box = Outbox(link, LIMIT, Tally(), lambda reason: None)

        def send_twice() -> None:
            for _ in range(2):
                link.send_all(box)

        def put_all() -> None:
            put(box, [b"much" * LIMIT])
            schedule.wait("waits until that is sent", lambda: not link.bytes_to_write)
            put(box, [b"more" * LIMIT])

        schedule.actor("loop", send_twice)
        schedule.actor("thread", put_all)

        def check() -> None:
            assert link.is_reading

        return check

    explore(scenario)


class _Connection:
    """What a link asks of the connection of a service."""

    def __init__(self, side: AsyncioSide) -> None:
        self.send = side.socket.send
        self.in_loop = side.call_soon


def run(
    schedule: Schedule,
    side: AsyncioSide | EventLoopSide,
    loop: Callable[[], object],
    putters: list[Callable[[], object]],
) -> Check:
    left = len(putters)

    def put_and_tell(work: Callable[[], object]) -> None:
        nonlocal left
        work()
        left -= 1
        side.is_stopping = not left

    schedule.actor("loop", loop)
    for number, work in enumerate(putters):
        schedule.actor(f"thread {number}", partial(put_and_tell, work))

    def check() -> None:
        frames = [bytes(side.kernel.taken[start : start + 30]) for start in range(0, len(side.kernel.taken), 30)]
        assert sorted(frames) == FRAMES
        assert frames.index(FRAMES[0]) < frames.index(FRAMES[1])
        assert frames.index(FRAMES[2]) < frames.index(FRAMES[3])
        assert side.is_reading

    return check
