"""Plain functions and generators of an asyncio service: they run in threads, and what they give is sent in the loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial

from localsocket.aio.baton import Baton
from localsocket.errors import CallCancelled
from localsocket.services.fair_threads import FairThreads
from localsocket.services.late_calls import LateCalls
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.services.stream_reply import IteratorSource, StreamReply
from localsocket.services.worker_threads import WorkerThreads

MAX_THREADS = 32
_MANY = 1_000_000  # threads, of which each has another one waiting for it: those are limited


class LoopThreads:
    """What all connections of a service's loop share to run plain functions."""

    def __init__(self, service: str, loop: asyncio.AbstractEventLoop) -> None:
        self.fair = FairThreads(f"localsocket {service}", MAX_THREADS)
        self.late = LateCalls(loop.call_later)
        self.baton = Baton()
        self.aside = WorkerThreads(f"localsocket {service}", _MANY)

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self.fair or thread in self.aside

    @property
    def busy(self) -> int:
        """How many functions run."""
        return self.fair.busy + self.aside.busy

    def close(self) -> None:
        """Let the threads go, each when it has done what it is doing."""
        self.fair.close()
        self.aside.close()


class ThreadCalls:
    """The calls of one connection that run in threads. Nothing but the call itself is kept of each.

    `soon` has something done in the loop; any thread may call it. `on_end` is called in the loop when something ended.
    """

    def __init__(
        self,
        session: Session,
        threads: LoopThreads,
        soon: Callable[..., object],
        on_end: Callable[[], object],
    ) -> None:
        self._session = session
        self._threads = threads
        self._soon = soon
        self._on_end = on_end

    def has_room(self, on_room: Callable[[], object]) -> bool:
        """Whether another call may wait for a thread; else `on_room` is called, from any thread, when none does."""
        return self._threads.fair.has_room(self, self._session.peer.uid, on_room)

    def begin(self, call: ServedCall) -> None:
        self._threads.late.add(call)
        call.on_cancel = _nothing  # for as long as it can be given up: until it has a thread
        try:
            self._submit(partial(self._run, call))
        except RuntimeError as error:
            self._session.fail(call, error)
            self._ended(call)

    def serve_aside(self, call: ServedCall, job: Callable[[], object]) -> None:
        """Serve a call in a thread beyond those that are shared; `job` does that."""
        self._threads.late.add(call)
        try:
            self._threads.aside.submit(partial(self._do_aside, job))
        except RuntimeError as error:
            self._session.fail(call, error)
            self._ended(call)

    def _do_aside(self, job: Callable[[], object]) -> None:
        job()
        self._soon(self._on_end)

    def _ended(self, call: ServedCall) -> None:
        """Nothing is left of the call; in the loop."""
        self._session.finished(call)
        self._on_end()

    def _submit(self, job: Callable[[], object]) -> None:
        self._threads.fair.submit(self, self._session.peer.uid, job)

    def _run(self, call: ServedCall) -> None:
        """Call the method, in a worker thread; what was given up meanwhile does not run."""
        call.on_cancel = None
        if call in self._session.dropped if call.is_notification else call.answer.is_over:
            self._soon(self._ended, call)
            return
        try:
            result = call.run()
        except BaseException as error:
            self._soon(self._has_failed, call, error)
        else:
            self._soon(self._has_run, call, result)

    def _has_failed(self, call: ServedCall, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            error = CallCancelled(call.method.name)
            self._session.refuse(call, error)
        elif isinstance(error, Exception):
            self._session.fail(call, error)
        self._ended(call)
        if not isinstance(error, Exception):
            raise error  # in the loop, since it is to end the program

    def _has_run(self, call: ServedCall, result: object) -> None:
        """Send the result when the peer has read what was sent before: else more and more would wait for it."""
        if self._session.outbox.has_room:
            self._answer(call, result)
        else:
            self._session.when_room(partial(self._soon, self._answer, call, result))

    def _answer(self, call: ServedCall, result: object) -> None:
        if not call.method.is_stream:
            self._session.reply(call, result)
            self._ended(call)
            return
        try:
            source = IteratorSource(call, result)
        except Exception as error:
            self._session.fail(call, error)
            self._ended(call)
        else:
            StreamReply(call, source, self._pump_in_thread).begin()

    def _pump_in_thread(self, pump: Callable[[], object]) -> None:
        self._submit(partial(self._pump, pump))

    def _pump(self, pump: Callable[[], object]) -> None:
        """Go on with a stream, in a worker thread."""
        baton = self._threads.baton
        holder = baton.take()
        try:
            pump()
        except BaseException as error:
            self._soon(_raise, error)
        self._soon(baton.give_back, holder)
        self._soon(self._on_end)
        # Let go of the interpreter: else the loop gets it 5 ms later for each thread that makes items without waiting.
        time.sleep(0)


def _nothing() -> None:
    pass


def _raise(error: BaseException) -> None:
    """Raise in the loop what a stream's generator raised to end the program."""
    raise error
