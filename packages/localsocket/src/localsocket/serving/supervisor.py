"""Several processes that serve one address: one that owns it, and workers that it starts, replaces and ends.

The supervisor owns the name, its lock and the listening descriptors, and accepts nobody. Each worker has copies of the
descriptors, so that whoever connects waits in one backlog for all of them, and is let in by whichever is free. One
thread does everything here, and waits for nothing but the next event.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

from localsocket.blocking.local_server import LocalServer, listen
from localsocket.endpoint.service_manager import notify, watchdog_seconds
from localsocket.errors import LocalSocketError, WorkersFailed
from localsocket.serving.changed_files import ChangedFiles
from localsocket.serving.doors import adopt_doors
from localsocket.serving.renewal import Renewal
from localsocket.serving.run_settings import RunSettings
from localsocket.serving.signal_pipe import SignalPipe
from localsocket.serving.stop_signals import STOP
from localsocket.serving.worker_process import SETTLING, Job, Load
from localsocket.serving.worker_words import Word, give_doors
from localsocket.serving.workers import WorkerProcess, WorkerState, how_it_ended
from localsocket.sockets.server import ListenOptions

logger = logging.getLogger("localsocket.serving")

MOST_STARTS = 5
"""Starts in a row that may fail while nobody serves."""

_STEADY = 10.0  # a worker that has served for so many seconds is replaced at once when it ends
_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # before another one is, doubled each time
_UNWINDING = SETTLING + 2.0  # beside the time to drain, until a worker is killed
_LOOK = 0.5  # at the files that are watched, again and again

_PASSED_ON = (signal.SIGUSR1, signal.SIGUSR2)
_SIGNALS = [*STOP, *_PASSED_ON, signal.SIGHUP, signal.SIGCHLD]


class Supervisor:
    """Serves by `count` workers; `load` is called in each. With `address` None it is the name of the service.

    With `reloads` the files of the service's modules are watched, and new workers take over when one has changed.
    """

    def __init__(
        self,
        load: Load,
        address: str | os.PathLike[str] | None,
        options: ListenOptions,
        settings: RunSettings,
        *,
        count: int,
        reloads: bool = False,
    ) -> None:
        self._job = Job(load, options, settings, count, reloads=reloads)
        self._address = address
        self._service = ""
        self._doors: list[LocalServer] = []
        self._workers: list[WorkerProcess] = []
        self._due: dict[int, float] = {}  # places without a worker, and when one is to be started
        self._short_lives = Counter[int]()  # by place: in a row
        self._failed_starts = 0
        self._renewal = Renewal(range(1, count + 1))
        self._is_ready = False
        self._is_stopping = False
        self._failure: LocalSocketError | OSError | None = None
        self._files = ChangedFiles() if reloads else None
        self._watchdog = watchdog_seconds()
        self._next_look = self._next_feeding = time.monotonic()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, and drain. Raises what listening raises, and WorkersFailed."""
        self._job.settings.set_up_log()
        self._has_terminal = _has_terminal()
        with SignalPipe(_SIGNALS) as self._signals, selectors.DefaultSelector() as self._selector:
            try:
                self._doors = adopt_doors(self._job.options)
                self._selector.register(self._signals, selectors.EVENT_READ, self._take_signals)
                for number in range(1, self._job.count + 1):
                    self._start(number)
                while self._workers or self._due:
                    for key, _ in self._selector.select(self._seconds()):
                        key.data()
                    self._pass_time(time.monotonic())
            finally:
                self._kill_all()
                self._close_doors()
        if self._failure is not None:
            raise self._failure

    # --- workers ------------------------------------------------------------------------------------------------------

    def _start(self, number: int) -> WorkerProcess:
        self._due.pop(number, None)
        worker = WorkerProcess.fork(number, self._job, self._let_go)
        self._workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, partial(self._take_words, worker))
        return worker

    def _let_go(self) -> None:
        """Close, in a worker, what is the supervisor's alone; what listens has been closed by the fork."""
        self._signals.__exit__()
        self._selector.close()
        for worker in self._workers:
            worker.channel.close()

    def _take_words(self, worker: WorkerProcess) -> None:
        if worker not in self._workers:  # it has ended, as another event of this turn told
            return
        for word in worker.take_words():
            self._take_word(worker, word)
        if worker.has_said_all:
            self._hear_no_more(worker)

    def _hear_no_more(self, worker: WorkerProcess) -> None:
        if worker.channel in self._selector.get_map():
            self._selector.unregister(worker.channel)

    def _take_word(self, worker: WorkerProcess, word: Word) -> None:
        if self._files is not None:
            self._files.watch(word.files)
        if word.say == "loaded" and worker.state is WorkerState.LOADING:
            worker.state = WorkerState.STARTING
            try:
                self._open_doors(word.service)
            except (LocalSocketError, OSError) as error:
                self._give_up(error)
            else:
                give_doors(worker.channel, self._doors, self._watchdog)
        elif word.say == "ready" and worker.state is WorkerState.STARTING:
            self._serves(worker)

    def _serves(self, worker: WorkerProcess) -> None:
        worker.serves()
        self._failed_starts = 0
        for other in self._workers:
            if other.number == worker.number and other is not worker and other.state is not WorkerState.LEAVING:
                self._have_leave(other, for_another=True)
        if not self._is_ready and len(self._serving()) == self._job.count:
            self._is_ready = True
            logger.info("serving %s", self._what)
            self._tell_ready()
        if self._renewal.has_come(worker):
            self._renew_next()

    def _serving(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if worker.state is WorkerState.SERVING]

    def _have_leave(self, worker: WorkerProcess, *, for_another: bool) -> None:
        if worker.state is WorkerState.LOADING:  # and so it has nobody to serve
            worker.send_signal(signal.SIGKILL)
        worker.leave(self._job.settings.drain + _UNWINDING, for_another=for_another)

    def _collect(self) -> None:
        """Look which workers have ended."""
        for worker in list(self._workers):
            if (status := worker.ended()) is not None:
                self._take_words(worker)
                self._workers.remove(worker)
                self._hear_no_more(worker)
                worker.channel.close()
                self._has_ended(worker, status)

    def _has_ended(self, worker: WorkerProcess, status: int) -> None:
        how = worker.problem or how_it_ended(status)
        if worker.state is WorkerState.LEAVING:
            if status:
                logger.warning("%r was told to leave, and %s", worker, how)
        elif self._renewal.has_failed(worker):
            logger.error("%s: %s", self._what_goes_on(), how)
            self._renewal_is_over()
        else:
            self._replace(worker, status, how)

    def _replace(self, worker: WorkerProcess, status: int, how: str) -> None:
        if worker.state is not WorkerState.SERVING:
            self._failed_starts += 1
            if not self._serving() and (self._failed_starts >= MOST_STARTS or (worker.problem and not self._is_ready)):
                self._give_up(WorkersFailed(worker.problem or _again_and_again(how), status))
                return
        has_stayed = worker.serving_since and time.monotonic() - worker.serving_since >= _STEADY
        ends = self._short_lives[worker.number] = 0 if has_stayed else self._short_lives[worker.number] + 1
        pause = min(_PAUSE * 2 ** (ends - 2), _LONGEST_PAUSE) if ends > 1 else 0.0
        logger.warning("%r %s; starting another one%s", worker, how, f" in {pause:g} s" if pause else "")
        self._due[worker.number] = time.monotonic() + pause

    # --- new workers for old ones -------------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Have new workers take over, one after the other: each old one leaves when its successor serves."""
        if self._is_stopping or not self._renewal.begin():
            return
        logger.info("reloading")
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", f"STATUS=reloading {self._service}")
        self._renew_next()

    def _renew_next(self) -> None:
        if (number := self._renewal.next_place()) is None:
            logger.info("reloaded")
            self._renewal_is_over()
        else:
            self._renewal.newcomer = self._start(number)

    def _what_goes_on(self) -> str:
        if not (renewed := self._renewal.renewed):
            return "not reloaded; the service continues as it was"
        return f"only {renewed} of {self._job.count} workers reloaded; the others continue as they were"

    def _renewal_is_over(self) -> None:
        self._tell_ready()
        missing = set(range(1, self._job.count + 1)) - {worker.number for worker in self._workers} - self._due.keys()
        self._due.update(dict.fromkeys(missing, time.monotonic()))  # whose worker ended meanwhile
        if self._renewal.end():
            self._renew()

    # --- where it serves, and what the manager knows ------------------------------------------------------------------

    def _open_doors(self, service: str) -> None:
        if not self._doors:
            self._doors = [listen(service if self._address is None else self._address, **self._job.options)]
        self._service = service

    def _close_doors(self) -> None:
        for door in self._doors:
            door.close()

    @property
    def _what(self) -> str:
        count = self._job.count
        where = ", ".join(door.address for door in self._doors)
        return f"{self._service} at {where} by {count} worker{'' if count == 1 else 's'}"

    def _tell_ready(self) -> None:
        if self._is_ready:
            notify("READY=1", f"STATUS=serving {self._what}")

    # --- signals and time ---------------------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        for number in self._signals.read():
            if number in STOP or (number == signal.SIGHUP and self._has_terminal and not _has_terminal()):
                if self._is_stopping:
                    self._end_at_once(number)
                self._stop()
            elif number == signal.SIGHUP:
                self._renew()
            elif number == signal.SIGCHLD:
                self._collect()
            elif number in _PASSED_ON:
                for worker in self._serving():
                    worker.send_signal(number)

    def _stop(self) -> None:
        self._is_stopping = True
        drain = self._job.settings.drain
        notify("STOPPING=1", f"STATUS=stopping, for at most {drain:g} s")
        logger.info("stopping")
        self._due.clear()
        self._close_doors()
        for worker in self._workers:
            self._have_leave(worker, for_another=False)

    def _give_up(self, error: LocalSocketError | OSError) -> None:
        if self._failure is None:
            self._failure = error
        if not self._is_stopping:
            self._stop()

    def _end_at_once(self, number: signal.Signals) -> None:
        """Do what the signal did before this ran, which may be to raise something."""
        self._kill_all()
        self._signals.restore()
        os.kill(os.getpid(), number)

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _times(self) -> Iterator[float]:
        """Give the moments at which something is to be done."""
        yield from self._due.values()
        yield from (worker.leave_by for worker in self._workers if worker.state is WorkerState.LEAVING)
        if self._watchdog is not None:
            yield self._next_feeding
        if self._files is not None and not self._is_stopping:
            yield self._next_look

    def _seconds(self) -> float | None:
        """Return how long nothing is to be done."""
        next_time = min(self._times(), default=None)
        return None if next_time is None else max(0.0, next_time - time.monotonic())

    def _pass_time(self, now: float) -> None:
        for number in [number for number, when in self._due.items() if when <= now]:
            self._start(number)
        for worker in self._workers:
            if worker.state is WorkerState.LEAVING and worker.leave_by <= now:
                logger.error("killing %r, which has not ended in time", worker)
                worker.send_signal(signal.SIGKILL)
                worker.leave_by = now + _UNWINDING
        if self._watchdog is not None and self._next_feeding <= now:
            self._next_feeding = now + self._watchdog / 3
            self._look_after_workers(now, self._watchdog)
            notify("WATCHDOG=1")
        if self._files is not None and self._next_look <= now:
            self._next_look = now + _LOOK
            if changed := self._files.changed():
                logger.info("%s has changed", os.path.relpath(changed[0]))
                self._renew()

    def _look_after_workers(self, now: float, seconds: float) -> None:
        """End the workers that have not said for so long that they are alive."""
        for worker in self._serving():
            if now - worker.heard > seconds:
                logger.error("%r is stuck: it has not been heard from for %g s", worker, now - worker.heard)
                worker.send_signal(signal.SIGKILL if worker.is_condemned else signal.SIGABRT)
                worker.is_condemned = True


def _again_and_again(how: str) -> str:
    return (
        f"no worker is serving: {MOST_STARTS} in a row ended before they did, and the last one {how}; serve without "
        "workers to see why"
    )


def _has_terminal() -> bool:
    """Return whether there is a terminal that this program belongs to, and that has not been closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
