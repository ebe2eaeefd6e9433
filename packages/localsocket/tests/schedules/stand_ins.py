"""What stands in for locks, events, threads and queues, so that actors step at them; see `scheduler.py`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from types import ModuleType
from typing import Any

from schedules.scheduler import Schedule


class Lock:
    """threading.Lock."""

    def __init__(self, schedule: Schedule, *, may_be_retaken: bool = False) -> None:
        self._schedule = schedule
        self._may_be_retaken = may_be_retaken
        self._owner: int | None = None
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = threading.get_ident()
        if self._may_be_retaken and self._owner == me:
            self._depth += 1
            return True
        if not blocking:
            self._schedule.step("tries a lock")
        elif not self._schedule.wait("takes a lock", lambda: self._owner is None, may_time_out=timeout >= 0):
            return False
        if self._owner is not None:
            return False
        self._owner, self._depth = me, 1
        return True

    def release(self) -> None:
        if self._owner is None:
            raise RuntimeError("release unlocked lock")
        self._depth -= 1
        if not self._depth:
            self._owner = None  # no step: the next thing that is shared is one

    def locked(self) -> bool:
        return self._owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        if self._owner is not None:  # else the schedule has been abandoned
            self.release()


class Condition:
    """threading.Condition, with a lock of its own."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._lock = Lock(schedule, may_be_retaken=True)
        self._waiting: deque[list[bool]] = deque()

    def wait(self, timeout: float | None = None) -> bool:
        told = [False]
        self._waiting.append(told)
        self._lock.release()
        try:
            return self._schedule.wait("waits to be told", lambda: told[0], may_time_out=timeout is not None)
        finally:
            if told in self._waiting:
                self._waiting.remove(told)
            self._lock.acquire()

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        while not predicate():
            if not self.wait(timeout):
                return predicate()
        return True

    def notify_all(self) -> None:
        for told in self._waiting:
            told[0] = True
        self._waiting.clear()

    def __enter__(self) -> bool:
        return self._lock.__enter__()

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()


class Event:
    """threading.Event."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._schedule.step("sets an event")
        self._is_set = True

    def clear(self) -> None:
        self._schedule.step("clears an event")
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        self._schedule.wait("waits for an event", self.is_set, may_time_out=timeout is not None)
        return self._is_set


class Semaphore:
    """threading.Semaphore."""

    def __init__(self, schedule: Schedule, value: int = 1) -> None:
        self._schedule = schedule
        self._value = value

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if blocking:
            self._schedule.wait("takes a place", lambda: self._value > 0, may_time_out=timeout is not None)
        if self._value <= 0:
            return False
        self._value -= 1
        return True

    def release(self) -> None:
        self._schedule.step("gives a place back")
        self._value += 1


class Thread:
    """threading.Thread: one more actor."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        target: Callable[..., object],
        args: Iterable[Any] = (),
        name: str = "",
        daemon: bool | None = None,
    ) -> None:
        self._schedule = schedule
        self._work = partial(target, *args)
        self.name = name
        self.daemon = daemon
        self._has_ended: Callable[[], bool] | None = None
        self._number = schedule.next_number()

    def __hash__(self) -> int:
        return self._number  # so that sets of threads have the same order each time

    def start(self) -> None:
        self._schedule.step("starts a thread")
        self._has_ended = self._schedule.spawn(self.name, self._work, self)

    def is_alive(self) -> bool:
        return self._has_ended is not None and not self._has_ended()

    def join(self, timeout: float | None = None) -> None:
        self._schedule.wait("joins a thread", lambda: not self.is_alive(), may_time_out=timeout is not None)


class Queue(deque[Any]):
    """collections.deque: each of its operations is a step."""

    def __init__(self, schedule: Schedule, items: Iterable[Any] = (), maxlen: int | None = None) -> None:
        self._schedule = schedule
        super().__init__(items, maxlen)

    def append(self, item: Any) -> None:
        self._schedule.step("appends")
        super().append(item)

    def popleft(self) -> Any:
        self._schedule.step("takes the first")
        return super().popleft()


def stand_in(schedule: Schedule, *modules: ModuleType) -> None:
    """Give these modules stand-ins for what they know as `threading` and `deque`, until the schedule has ended."""
    for module in modules:
        schedule.patch.setattr(module, "threading", _Threading(schedule), raising=False)
        if hasattr(module, "deque"):
            schedule.patch.setattr(module, "deque", partial(Queue, schedule))


class _Threading:
    """The module threading, as far as the package uses it."""

    TIMEOUT_MAX = threading.TIMEOUT_MAX
    get_ident = staticmethod(threading.get_ident)

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.Lock = partial(Lock, schedule)
        self.RLock = partial(Lock, schedule, may_be_retaken=True)
        self.Condition = partial(Condition, schedule)
        self.Event = partial(Event, schedule)
        self.Semaphore = partial(Semaphore, schedule)
        self.Thread = partial(Thread, schedule)

    def current_thread(self) -> object:
        return self._schedule.current_stand_in() or threading.current_thread()
