"""The threads of a service's loop: one runs it, and loses it to another where a function holds it up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.served import Served
from localsocket.errors import Unsupported
from localsocket.services.served_call import ServedCall
from localsocket.services.thread_shares import ThreadShares

logger = logging.getLogger("localsocket.blocking")

# A thread that runs a function takes 10 to 40 microseconds to be told of a call; the loop's own takes none. So the
# loop's own thread runs each function, and one that takes longer than this loses the loop to another thread.
_PATIENCE = 0.005
# Where functions take long already others are not to wait so long for each that follows.
_IMPATIENCE = 0.001
_LOOKS_WHEN_IDLE = 200


class _LoopIsTaken(BaseException):
    """Leads a thread that was held up in a function out of the loop."""


class Runners:
    """Runs `loop` in one thread after another, each watched by the one that would take over.

    What may hold it up is done by run_job(). At most as many threads as `shares` has are held up at the same time.
    `taken_over` is called by whoever has taken the loop, with the connection and the call that it was taken from, and
    `freed` by a thread that was held up for a connection and is so no longer.
    """

    def __init__(
        self,
        name: str,
        loop: EventLoop,
        shares: ThreadShares,
        taken_over: Callable[[Served, ServedCall | None], object],
        freed: Callable[[Served], object],
    ) -> None:
        self._name = name
        self._loop = loop
        self._shares = shares
        self._taken_over = taken_over
        self._freed = freed
        self.is_stopping = False
        self.release: Callable[[], object] | None = None  # sends what is held back for the calls that run now
        self.held_up: set[threading.Thread] = set()  # in a function, while another thread has the loop
        self._lock = threading.Lock()
        self._runner_id = 0
        self._runner = threading.current_thread()
        self._helpers: set[threading.Thread] = set()
        self._holders: dict[threading.Thread, Served] = {}  # of those held up, the connections
        self._job = 0
        self._waiting_job = -1  # which waits for its peer
        self._job_of: Served
        self._call: ServedCall | None = None  # that began with this job
        self._is_in_job = False
        self._is_watched = False
        self._wanted = threading.Event()
        self._is_over = threading.Event()
        self._hurry = threading.Event()  # the loop's thread is about to wait, or all is over
        self._has_told_of_threads = False
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run the loop until it is stopped."""
        # In a thread of its own, lest this one is held up in a function, and with it who waits for its end.
        self._start_helper(self._begin)
        self._is_over.wait()

    def become_runner(self) -> None:
        self._runner = threading.current_thread()
        self._runner_id = threading.get_ident()

    def join(self) -> None:
        """Wait for the threads that no function holds up; raise what the loop has ended with, if that is an error."""
        for thread in self._helpers - self.held_up:
            if thread.is_alive():  # else it has yet to start, and ends when it sees that all is over
                thread.join()
        if self._error is not None:
            raise self._error

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._helpers

    def before_waiting(self) -> None:
        """This thread is about to wait for a peer: have another one go on with the loop at once, if this is in it.

        That is so however many threads are taken: nobody else would receive what this one waits for.
        """
        if threading.get_ident() != self._runner_id:
            return
        if not self._is_in_job:
            raise Unsupported(f"only a method of {self._name!r} may wait here for its caller")
        self._waiting_job = self._job
        self._hurry.set()

    def run_job(
        self, served: Served, call: ServedCall | None, job: Callable[..., ServedCall | None], *arguments: object
    ) -> None:
        """Do a job, which returns the call that has ended with it, if one has. `call` begins with it."""
        self._job_of = served
        self._call = call
        self._job += 1
        self._is_in_job = True
        if not self._is_watched:
            self._is_watched = True
            self._wanted.set()
        ended: ServedCall | None = None
        try:
            ended = job(*arguments)
        except Exception:
            logger.exception("service %r continues after an internal error", self._name)
        with self._lock:
            if self._runner_id == threading.get_ident():
                self._is_in_job = False
                self._call = None  # whose arguments may be large, and the next job much later
                return
        if ended is not None:
            served.session.finished(ended)
        raise _LoopIsTaken

    # --- the threads --------------------------------------------------------------------------------------------------

    def _start_helper(self, work: Callable[[], object]) -> None:
        """Raises RuntimeError or MemoryError where no thread can be started; then nothing has changed."""
        thread = threading.Thread(target=self._help, args=[work], name=f"localsocket {self._name}", daemon=True)
        self._helpers.add(thread)
        try:
            thread.start()
        except BaseException:
            self._helpers.discard(thread)
            raise

    def _help(self, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            with self._lock:
                self.held_up.discard(threading.current_thread())
                self._helpers.discard(threading.current_thread())

    def _begin(self) -> None:
        self.become_runner()
        self._drive(self._run_loop)

    def _run_loop(self) -> None:
        self._start_helper(self._watch)
        self._loop.run()

    def _drive(self, run: Callable[[], object]) -> None:
        """Run the loop in this thread, until it ends or another thread has taken it."""
        try:
            run()
        except _LoopIsTaken:
            pass
        except BaseException as error:
            self._error = error
        with self._lock:
            is_taken = self._runner_id != threading.get_ident()
        if is_taken:
            self._give_back_share()
        if not is_taken:
            self._is_over.set()
            self._hurry.set()
            self._wanted.set()
        elif self._error is not None:
            self._loop.stop()

    # --- watching -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look whether the loop is held up in a job; then go on with the loop in this thread."""
        while not self._is_over.is_set():
            self._wanted.wait()
            looks = 0
            while looks < _LOOKS_WHEN_IDLE:
                job = self._job
                is_hurried = self._hurry.wait(_PATIENCE if not self.held_up else _IMPATIENCE)
                if self._is_over.is_set():
                    return
                if is_hurried:
                    self._hurry.clear()
                    job = self._job
                if self._job != job:
                    looks = 0
                elif self._is_in_job:
                    if self._relieve(job):
                        return
                else:
                    looks += 1
            self._wanted.clear()
            self._is_watched = False
            if self._is_in_job:  # begun just before, and seen as watched
                self._is_watched = True
                self._wanted.set()

    def _relieve(self, job: int) -> bool:
        """Do what can be done for those who wait for the job; return whether another thread watches from now on."""
        self._send_held()
        if not self._may_take_over(job):
            return False
        try:
            self._start_helper(self._watch)
        except (RuntimeError, MemoryError) as error:
            # Who took over without being watched could be held up for good. Only at the end that does not matter.
            if not self._has_told_of_threads:
                self._has_told_of_threads = True
                logger.warning("service %r is waiting for its functions: %s", self._name, error)
            if not (self.is_stopping and self._take_over(job)):
                return False
        else:
            self._has_told_of_threads = False
            if not self._take_over(job):
                return True
        self._drive(self._go_on)
        return True

    def _send_held(self) -> None:
        """Send what is held back; in a frame of its own, since who takes over keeps what its own frame names."""
        if (release := self.release) is not None:
            release()

    # --- taking over --------------------------------------------------------------------------------------------------

    def _may_take_over(self, job: int) -> bool:
        if not self._is_in_job or self._job != job:
            return False
        served = self._job_of
        is_needed = self.is_stopping or self._waiting_job == job
        return is_needed or self._shares.may_take(served, served.session.peer.uid)

    def _take_over(self, job: int) -> bool:
        with self._lock:
            if not self._may_take_over(job) or not self._take_share():
                return False
            self.held_up.add(self._runner)
            if (call := self._call) is not None:
                call.session.begun(call)
            self.become_runner()
            self._is_in_job = False
            return True

    def _go_on(self) -> None:
        self._taken_over(self._job_of, self._call)
        self._loop._take_over()

    def _take_share(self) -> bool:
        """Count the thread that is held up to its connection; False where that may have no other."""
        served = self._job_of
        if not self._shares.take(served, served.session.peer.uid):
            return self.is_stopping or self._waiting_job == self._job
        served.threads += 1
        self._holders[self._runner] = served
        return True

    def _give_back_share(self) -> None:
        """The thread is no longer held up: connections that waited for one may go on."""
        if (served := self._holders.pop(threading.current_thread(), None)) is not None:
            served.threads -= 1
            self._shares.give_back(served, served.session.peer.uid)
            self._freed(served)
