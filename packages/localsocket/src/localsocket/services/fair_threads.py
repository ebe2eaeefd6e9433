"""Threads of a service that all connections share: each gets some, and those that wait get the next in turn."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable
from functools import partial

from localsocket.services.fair_line import FairLine
from localsocket.services.thread_shares import ThreadShares
from localsocket.services.worker_threads import WorkerThreads

# Of one user, so many jobs may wait for a thread. Then each connection may have one that waits, and keeps the rest.
_CROWD = 256


class FairThreads:
    """Runs jobs of connections in at most `most` threads, of which no connection and no user gets all.

    Any thread may call. Jobs must not raise.
    """

    def __init__(self, name: str, most: int) -> None:
        self._threads = WorkerThreads(name, most)
        self._shares = ThreadShares(most)
        self._lock = threading.Lock()
        self._line: FairLine[Hashable] = FairLine()
        self._waiting: dict[Hashable, tuple[int, deque[Callable[[], object]]]] = {}
        self._count = 0  # of those jobs
        self._of_users: Counter[int] = Counter()
        self._on_room: dict[Hashable, Callable[[], object]] = {}

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._threads

    @property
    def busy(self) -> int:
        """How many jobs run."""
        return self._threads.busy

    def has_room(self, connection: Hashable, uid: int, on_room: Callable[[], object]) -> bool:
        """Whether another job of the connection may wait; else `on_room` is called, from any thread, when none does."""
        if self._count < _CROWD:  # nearly always
            return True
        with self._lock:
            if self._of_users[uid] < _CROWD or connection not in self._waiting:
                return True
            self._on_room[connection] = on_room
            return False

    def submit(self, connection: Hashable, uid: int, job: Callable[[], object]) -> None:
        """Have `job` run, as soon as there is a thread for this connection of a user.

        RuntimeError where no thread can be had; then the job is forgotten.
        """
        with self._lock:
            if connection in self._waiting or not self._shares.take(connection, uid):
                self._waiting.setdefault(connection, (uid, deque()))[1].append(job)
                self._line.add(connection, uid)
                self._count += 1
                self._of_users[uid] += 1
                return
        self._start(connection, uid, job)

    def close(self) -> None:
        """Let the threads go, each when it has done what it is doing. Jobs that wait are forgotten."""
        with self._lock:
            self._waiting.clear()
            self._line.clear()
            self._on_room.clear()
        self._threads.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _start(self, connection: Hashable, uid: int, job: Callable[[], object]) -> None:
        try:
            self._threads.submit(partial(self._run, connection, uid, job))
        except RuntimeError:
            self._shares.give_back(connection, uid)
            raise

    def _run(self, connection: Hashable, uid: int, job: Callable[[], object]) -> None:
        while True:
            job()
            self._shares.give_back(connection, uid)
            if (following := self._take_waiting()) is None:
                return
            connection, uid, job = following

    def _take_waiting(self) -> tuple[Hashable, int, Callable[[], object]] | None:
        on_room: Callable[[], object] | None = None
        with self._lock:
            if (connection := self._line.take_next(self._shares)) is None:
                return None
            uid, jobs = self._waiting[connection]
            self._shares.take(connection, uid)
            job = jobs.popleft()
            self._count -= 1
            self._of_users[uid] -= 1
            if jobs:
                self._line.add(connection, uid)  # behind the others
            else:
                del self._waiting[connection]
                on_room = self._on_room.pop(connection, None)
        if on_room is not None:
            on_room()
        return connection, uid, job
