"""Threads for what would hold up a loop: plain functions, and the generators of streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

_IDLE = 1.0  # seconds that a thread waits for another job before it ends


class WorkerThreads:
    """Runs jobs in at most `most` threads; more than those wait. Any thread may call.

    A thread ends when it has had nothing to do for a second. The threads are daemonic: a job that never returns holds
    up neither the end of the program nor any call of this.
    Jobs must not raise.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._waiting = 0  # jobs that no thread has begun
        self._is_closed = False

    def __contains__(self, thread: threading.Thread) -> bool:
        return isinstance(thread, _Worker) and thread.of is self

    @property
    def busy(self) -> int:
        """How many jobs run."""
        return self._threads - self._idle

    def submit(self, job: Callable[[], object]) -> None:
        """Have `job` run, soon. RuntimeError where there is no thread for it, nor can be one; then it is forgotten."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the worker threads have been released")
            self._waiting += 1
            needs_thread = self._waiting > self._idle and self._threads < self._most
        if needs_thread:
            self._start()
        self._jobs.put(job)

    def close(self) -> None:
        """Let the threads go, each when it has done what it is doing. Jobs that wait are forgotten."""
        with self._lock:
            self._is_closed = True
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)

    def _start(self) -> None:
        try:
            _Worker(self, self._name).start()
        except (RuntimeError, MemoryError) as error:
            with self._lock:
                if self._threads:
                    return  # one of the others does it
                self._waiting -= 1
            raise RuntimeError(f"no thread can be started: {error}") from error

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                job = self._jobs.get(timeout=_IDLE)
            except Empty:
                if self._may_end():
                    return
                continue
            with self._lock:
                self._idle -= 1
                self._waiting -= 1
                if job is None or self._is_closed:
                    self._threads -= 1
                    return
            job()
            del job  # what it holds is not to live until the next one

    def _may_end(self) -> bool:
        """Count out the thread that has had nothing to do, unless a job is on its way."""
        with self._lock:
            self._idle -= 1
            if self._waiting > 0:
                return False
            self._threads -= 1
            return True


class _Worker(threading.Thread):
    """One of the threads, counted from when it is sure to run."""

    def __init__(self, of: WorkerThreads, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.of = of

    def start(self) -> None:
        with self.of._lock:
            self.of._threads += 1
        try:
            super().start()
        except BaseException:
            with self.of._lock:
                self.of._threads -= 1
            raise

    def run(self) -> None:
        self.of._run()
