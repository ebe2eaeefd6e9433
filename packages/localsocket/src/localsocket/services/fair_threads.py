"""Threads of a service that all connections share: each gets some, and those that wait get the next in turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial

from localsocket.services.thread_shares import ThreadShares
from localsocket.services.worker_threads import WorkerThreads


class FairThreads:
    """Runs jobs of connections in at most `most` threads, of which no connection and no user gets all.

    Any thread may call. Jobs must not raise.
    """

    def __init__(self, name: str, most: int) -> None:
        self._threads = WorkerThreads(name, most)
        self._shares = ThreadShares(most)
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, tuple[int, deque[Callable[[], object]]]] = {}  # who waits longest comes first

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._threads

    @property
    def busy(self) -> int:
        """How many jobs run."""
        return self._threads.busy

    def submit(self, connection: Hashable, uid: int, job: Callable[[], object]) -> None:
        """Have `job` run, as soon as there is a thread for this connection of a user.

        RuntimeError where no thread can be had; then the job is forgotten.
        """
        with self._lock:
            if connection in self._waiting or not self._shares.take(connection, uid):
                self._waiting.setdefault(connection, (uid, deque()))[1].append(job)
                return
        self._start(connection, uid, job)

    def close(self) -> None:
        """Let the threads go, each when it has done what it is doing. Jobs that wait are forgotten."""
        with self._lock:
            self._waiting.clear()
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
        with self._lock:
            for connection, (uid, _) in self._waiting.items():
                if self._shares.take(connection, uid):
                    return connection, uid, self._take_job(connection)
            return None

    def _take_job(self, connection: Hashable) -> Callable[[], object]:
        uid, jobs = self._waiting.pop(connection)
        job = jobs.popleft()
        if jobs:
            self._waiting[connection] = uid, jobs  # behind the others
        return job
