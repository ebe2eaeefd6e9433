"""A service on one event loop: short calls run where they arrive, a long one keeps its thread and another goes on."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.local_server import LocalServer
from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import Deadline
from localsocket.errors import LocalSocketError, Unsupported
from localsocket.services.calls_of_peer import CallsOfPeer
from localsocket.services.fair_line import FairLine
from localsocket.services.late_calls import LateCalls
from localsocket.services.mute_peers import MutePeers
from localsocket.services.protocols import ProtocolName
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session import AT_ONCE, Session
from localsocket.services.stream_reply import IteratorSource, PushedSource, StreamReply
from localsocket.services.thread_shares import ThreadShares
from localsocket.services.worker_threads import WorkerThreads

logger = logging.getLogger("localsocket.blocking")

# A thread that runs a function takes 10 to 40 microseconds to be told of a call; the loop's own takes none. So the
# loop's own thread runs each function, and one that takes longer than this loses the loop to another thread.
_PATIENCE = 0.005
# Where functions take long already others are not to wait so long for each that follows.
_IMPATIENCE = 0.001
_LOOKS_WHEN_IDLE = 200
_LOOK_AGAIN = 0.005

# What one connection may do before others have their turn, beside so many calls.
_TURN = 0.002
# After so many seconds of turns those are looked at that have sent something meanwhile.
_ROUND = 0.005
_LOOK_AT_CLOCK = 8


_MANY = 1_000_000  # threads, of which each has another one waiting for it: those are limited
STOP_TIMEOUT = 5.0


class _LoopIsTaken(BaseException):
    """Leads a thread that was held up in a function out of the loop."""


class Served:
    """One connection, and what the loop is to do for it."""

    __slots__ = ("caller", "is_expiring", "is_parked", "is_queued", "jobs", "session", "socket", "threads")

    session: Session
    socket: EventSocket

    def __init__(self) -> None:
        self.jobs: deque[Callable[[], ServedCall | None]] = deque()
        self.is_queued = False
        self.is_parked = False
        self.is_expiring = False
        self.threads = 0  # held up in its calls
        self.caller: Any = None  # what calls its peer, once it does


CallsBack: TypeAlias = Callable[["ServiceLoop", Served, ServedCall], CallsOfPeer]
"""Gives the ways to call the peer of a connection."""


class ServiceLoop:
    """Serves the connections of `server`, in threads of its own: more than one where functions take long.

    At most `max_threads` run functions at the same time; further calls wait. `protocols`: those of the service if None.
    """

    def __init__(
        self,
        server: LocalServer | None,
        service: Service,
        max_threads: int,
        protocols: tuple[ProtocolName, ...] | None = None,
        *,
        calls_back: CallsBack | None = None,
    ) -> None:
        self._service = service
        self._calls_back = calls_back
        self._aside = WorkerThreads(f"localsocket {service.name}", _MANY)
        self._ends_with_connection = server is None
        self._protocols = protocols
        self._runner_id = 0
        self._max_threads = max_threads
        self._loop = EventLoop()
        self._turns: deque[Served] = deque()
        self._are_turns_due = False  # once is enough, however many wait
        self._parked: FairLine[Served] = FairLine()  # which hold their share of the threads
        self._is_unparking_due = False  # since threads may be free for those
        self._left: set[Served] = set()  # by their peers, with something still to do
        self._shares = ThreadShares(max_threads - 1)  # one is for the loop
        self._late = LateCalls(self.call_later)
        self._mute = MutePeers(service.limits.greeting, self.call_later)
        self._release: Callable[[], object] | None = None  # sends what is held back for the calls that run now
        self._lock = threading.Lock()
        self._runner = threading.current_thread()
        self._helpers: set[threading.Thread] = set()
        self._held_up: set[threading.Thread] = set()  # in a function, while another thread has the loop
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
        self._is_stopping = False
        self._has_told_of_threads = False
        self._error: BaseException | None = None
        self._handler = _ServiceHandler(self, service)
        try:
            if server is not None:
                self._loop.serve(server, self._handler)
        except BaseException:
            self._loop.close()
            raise

    # --- what a ServerThread calls ------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            # In a thread of its own, lest this one is held up in a function, and with it who waits for its end.
            self._start_helper(self._begin)
            self._is_over.wait()
        finally:
            self._become_runner()
            self._loop.close()
            self._aside.close()
        for thread in self._helpers - self._held_up:
            if thread.is_alive():  # else it has yet to start, and ends when it sees that all is over
                thread.join()
        if self._error is not None:
            raise self._error

    def stop(self, deadline: Deadline) -> None:
        self._is_stopping = True
        self._loop.call_soon(self._end_connections, deadline)

    def is_own_thread(self) -> bool:
        thread = threading.current_thread()
        return thread in self._helpers or thread in self._aside

    def drive(self, socket: LocalSocket) -> Served:
        """Serve a connected socket too, which counts as closed from then on; before run()."""
        driven = self._loop.add(socket, self._handler)
        driven.context = served = self._served(driven)
        return served

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon(callback, *arguments)

    def serve_aside(self, call: ServedCall, job: Callable[[], None]) -> None:
        """Serve a call in a thread beyond those that are shared; `job` does that."""
        self._late.add(call)
        try:
            self._aside.submit(job)
        except RuntimeError as error:
            call.session.fail(call, error)
            call.session.finished(call)

    def before_waiting(self) -> None:
        """This thread is about to wait for a peer: have another one go on with the loop at once, if this is in it.

        That is so however many threads are taken: nobody else would receive what this one waits for.
        """
        if threading.get_ident() != self._runner_id:
            return
        if not self._is_in_job:
            raise Unsupported(f"nothing but a method of {self._service.name!r} may wait here for its caller")
        self._waiting_job = self._job
        self._hurry.set()

    @property
    def failure(self) -> LocalSocketError | None:
        """What the last connection ended with that has failed."""
        return self._handler.failure

    def cut(self) -> None:
        self._loop._cut()

    def close(self) -> None:
        self._loop.close()

    # --- turns --------------------------------------------------------------------------------------------------------

    def take_in(self, served: Served, data: bytes) -> None:
        """Serve the calls that have arrived: some now, the rest when others had their turn."""
        if served.session.receive(data):
            self._mute.add(served.session)
        if served.is_parked or (served.is_queued and served.session.has_much):
            served.session.put_off_turn()
        else:
            self._give_turn(served)

    def soon(self, served: Served, job: Callable[[], ServedCall | None]) -> None:
        """Have `job` done in the loop, for one connection; any thread may call."""
        served.jobs.append(job)
        self.wake(served)

    def wake(self, served: Served) -> None:
        """Give a connection a turn; any thread may call."""
        if not served.is_queued:
            served.is_queued = True
            self._turns.append(served)
            self._give_turns_soon()

    def begin(self, socket: EventSocket) -> None:
        """Serve the connection of a socket, unless drive() has prepared that."""
        if socket.context is None:
            socket.context = self._served(socket)
            self._mute.add(socket.context.session)

    def _served(self, socket: EventSocket) -> Served:
        served = Served()
        served.socket = socket
        link = _Link(socket)
        session = served.session = Session(
            self._service, socket.peer, link, lambda _session: self.wake(served), self._protocols
        )
        if self._calls_back is not None:
            session.calls_back = partial(self._calls_back, self, served)
        return served

    def end(self, served: Served) -> None:
        """The connection is over. Notifications that have arrived are served all the same."""
        self._mute.discard(served.session)
        served.session.lost()
        self._parked.discard(served, served.session.peer.uid)
        served.is_parked = False
        if served.session.has_notifications:
            self._left.add(served)
            self.wake(served)
        if self._ends_with_connection:
            self.stop(Deadline(STOP_TIMEOUT))

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None:
        self._loop.call_later(seconds, callback, *arguments)

    def _give_turns(self) -> None:
        self._are_turns_due = False  # first: whoever sees it true is among those that are counted now
        end = time.monotonic() + _ROUND
        for left in range(len(self._turns), 0, -1):
            served = self._turns.popleft()
            served.is_queued = False
            self._give_turn(served)
            if left > 1 and time.monotonic() > end:
                self._give_turns_soon()
                return

    def _give_turns_soon(self) -> None:
        if not self._are_turns_due:
            self._are_turns_due = True
            self._loop.call_soon(self._give_turns)

    def _give_turn(self, served: Served) -> None:
        """Do some of what is to be done for one connection."""
        if not (self._shares.taken and self._has_to_wait(served)):
            self._serve_turn(served)

    def _serve_turn(self, served: Served) -> None:
        session = served.session
        if served.jobs:
            self._do_jobs(served)
        if (call := session.take_next() or session.take_more()) is not None:
            if session.waiting:
                self._serve_some(served, call)
            else:  # nearly always: one call, and nothing else
                self._run_job(served, call, self._serve, served, call)
        self._end_turn(served)

    def _do_jobs(self, served: Served) -> None:
        end = time.monotonic() + _TURN
        for _ in range(len(served.jobs)):
            self._run_job(served, None, served.jobs.popleft())
            if time.monotonic() > end:
                break

    def _serve_some(self, served: Served, call: ServedCall) -> None:
        """Serve this call and some of those that have arrived with it. What they give goes out in one piece."""
        session = served.session
        release = self._release = partial(session.release, session.hold())
        end = time.monotonic() + _TURN
        try:
            for count in range(1, AT_ONCE + 1):
                self._run_job(served, call, self._serve, served, call)
                if not count % _LOOK_AT_CLOCK and (count == AT_ONCE or time.monotonic() > end):
                    return
                if (following := session.take_next()) is None:
                    return
                call = following
        finally:
            release()
            if self._release is release:  # else it is that of another thread, which has the loop
                self._release = None

    def _end_turn(self, served: Served) -> None:
        if served.session.end_turn() or served.jobs:
            self.wake(served)
        elif served.session.waiting and not served.is_expiring:
            self._expire(served)

        elif served in self._left and not served.session.has_notifications:
            self._left.discard(served)

    def _expire(self, served: Served) -> None:
        """Refuse what waits and is too late, now and as long as something waits."""
        served.is_expiring = False
        if (seconds := served.session.expire()) is not None:
            served.is_expiring = True
            self._loop.call_later(max(seconds, _LOOK_AGAIN), self._expire, served)

    def _has_to_wait(self, served: Served) -> bool:
        """Whether it holds its share of the threads, or others come first; then it goes on when one is free again."""
        if not self._shares.has_shares or self._is_stopping:
            return False
        # Threads that are freed are for those that have waited for one, before newcomers.
        are_others_first = self._is_unparking_due and bool(self._parked)
        if not are_others_first and self._shares.may_take(served, served.session.peer.uid):
            self._parked.discard(served, served.session.peer.uid)
            served.is_parked = False
            return False
        self._park(served)
        return True

    def _park(self, served: Served) -> None:
        served.is_parked = True
        self._parked.add(served, served.session.peer.uid)
        if not served.is_expiring:
            self._expire(served)

    def _unpark_soon(self) -> None:
        """A thread may be free for those that wait for one; any thread may call."""
        if not self._is_unparking_due:
            self._is_unparking_due = True
            self._loop.call_soon(self._unpark)

    def _unpark(self) -> None:
        """Give turns to those that wait for a thread, in their order, as long as there are threads."""
        self._is_unparking_due = False
        end = time.monotonic() + _ROUND
        while (served := self._parked.take_next(self._shares)) is not None:
            served.is_parked = False
            self._serve_turn(served)
            if time.monotonic() > end:
                self._unpark_soon()
                return

    def _run_job(
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
            logger.exception("service %r goes on after an error of its own", self._service.name)
        with self._lock:
            if self._runner_id == threading.get_ident():
                self._is_in_job = False
                return
        if ended is not None:
            served.session.finished(ended)
        raise _LoopIsTaken

    def _serve(self, served: Served, call: ServedCall) -> ServedCall | None:
        """Return the call when nothing of it is left."""
        session = call.session
        if not session.outbox.has_room:
            session.begun(call)
            self._late.add(call)
            session.when_room(partial(self.soon, served, partial(self._serve_after_all, served, call)))
            return None
        try:
            result = call.run()
            source = self._source(call, result) if call.method.is_stream else None
        except Exception as error:
            session.fail(call, error)
            return call
        if source is None:
            session.reply(call, result)
            return call
        session.begun(call)
        self._late.add(call)
        in_loop = not isinstance(source, PushedSource)
        StreamReply(call, source, partial(self._pump_soon, served) if in_loop else _at_once).begin()
        return None

    def _serve_after_all(self, served: Served, call: ServedCall) -> ServedCall | None:
        """Serve a call that waited for room, unless it was cancelled meanwhile."""
        ended: ServedCall | None = call
        if call.is_notification or not call.answer.is_over:
            ended = self._serve(served, call)
        if ended is not None:
            call.session.finished(call)
        return ended

    def _pump_soon(self, served: Served, pump: Callable[[], object]) -> None:
        self.soon(served, partial(_done, pump))

    def _source(self, call: ServedCall, result: object) -> PushedSource | IteratorSource:
        if isinstance(result, PushedSource):
            return result
        return IteratorSource(call, result)

    def _become_runner(self) -> None:
        self._runner = threading.current_thread()
        self._runner_id = threading.get_ident()

    # --- taking over --------------------------------------------------------------------------------------------------

    def _start_helper(self, work: Callable[[], object]) -> None:
        """Raises RuntimeError or MemoryError where no thread can be started; then nothing has changed."""
        thread = threading.Thread(target=self._help, args=[work], name=f"localsocket {self._service.name}", daemon=True)
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
                self._held_up.discard(threading.current_thread())
                self._helpers.discard(threading.current_thread())

    def _begin(self) -> None:
        self._become_runner()
        self._drive(self._run_loop)

    def _run_loop(self) -> None:
        self._start_helper(self._watch)
        self._loop.run()

    def _watch(self) -> None:
        """Look whether the loop is held up in a job; then go on with the loop in this thread."""
        while not self._is_over.is_set():
            self._wanted.wait()
            looks = 0
            while looks < _LOOKS_WHEN_IDLE:
                job = self._job
                is_hurried = self._hurry.wait(_PATIENCE if not self._held_up else _IMPATIENCE)
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
                logger.warning("service %r waits for its functions: %s", self._service.name, error)
            if not (self._is_stopping and self._take_over(job)):
                return False
        else:
            self._has_told_of_threads = False
            if not self._take_over(job):
                return True
        self._drive(self._go_on)
        return True

    def _send_held(self) -> None:
        """Send what is held back; in a frame of its own, since who takes over keeps what its own frame names."""
        if (release := self._release) is not None:
            release()

    def _may_take_over(self, job: int) -> bool:
        if not self._is_in_job or self._job != job:
            return False
        served = self._job_of
        is_needed = self._is_stopping or self._waiting_job == job
        return is_needed or self._shares.may_take(served, served.session.peer.uid)

    def _take_over(self, job: int) -> bool:
        with self._lock:
            if not self._may_take_over(job) or not self._take_share():
                return False
            self._held_up.add(self._runner)
            if (call := self._call) is not None:
                call.session.begun(call)
            self._become_runner()
            self._is_in_job = False
            return True

    def _take_share(self) -> bool:
        """Count the thread that is held up to its connection; False where that may have no other."""
        served = self._job_of
        if not self._shares.take(served, served.session.peer.uid):
            return self._is_stopping or self._waiting_job == self._job
        served.threads += 1
        self._holders[self._runner] = served
        return True

    def _give_back_share(self) -> None:
        """The thread is no longer held up: connections that waited for one may go on."""
        if (served := self._holders.pop(threading.current_thread(), None)) is not None:
            served.threads -= 1
            self._shares.give_back(served, served.session.peer.uid)
            self._unpark_soon()
            if served.session.is_over:
                self.wake(served)  # which may have nothing more to do

    def _go_on(self) -> None:
        if self._call is not None:
            self._late.add(self._call)
        self.wake(self._job_of)  # whose turn is not over
        self._give_turns_soon()  # and those that were to come behind it
        if self._parked:
            self._unpark_soon()
        self._loop._take_over()

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

    # --- ending -------------------------------------------------------------------------------------------------------

    def _end_connections(self, deadline: Deadline) -> None:
        """Let the functions that run finish, then the connections send what they have."""
        self._left = {served for served in self._left if served.session.has_notifications}
        is_busy = self._held_up or self._turns or self._parked or self._left or self._aside.busy
        if is_busy and not deadline.has_passed():
            self._loop.call_later(_LOOK_AGAIN, self._end_connections, deadline)
            return
        for socket in self._loop.sockets:
            socket.context.session.lost()
            socket.close(timeout=deadline.remaining())
        self._stop_when_empty(deadline)

    def _stop_when_empty(self, deadline: Deadline) -> None:
        if not deadline.has_passed() and self._loop.sockets:
            self._loop.call_later(_LOOK_AGAIN, self._stop_when_empty, deadline)
            return
        if busy := len(self._held_up) + self._aside.busy:
            logger.warning("service %r stops while %d functions run", self._service.name, busy)
        if waiting := sum(len(served.session.waiting) for served in self._left):
            logger.warning("service %r ends with %d notifications not begun", self._service.name, waiting)
        self._loop.stop()


class _ServiceHandler(Handler):
    """What the loop calls: a session for each socket, as its context."""

    _reads_to_end = True

    def __init__(self, loop: ServiceLoop, service: Service) -> None:
        self._loop = loop
        self._service = service
        self.failure: LocalSocketError | None = None  # of the last connection that has failed

    def connected(self, socket: EventSocket) -> None:
        self._loop.begin(socket)

    def ready_read(self, socket: EventSocket) -> None:
        self._loop.take_in(socket.context, socket.read_available())

    def drained(self, socket: EventSocket) -> None:
        socket.context.session.sent()

    def _hung_up(self, socket: EventSocket) -> None:
        served: Served = socket.context
        served.session.desert()
        self._loop.wake(served)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self.failure = error

    def disconnected(self, socket: EventSocket) -> None:
        self._loop.end(socket.context)


class _Link:
    """What a session needs of its socket."""

    __slots__ = ("_socket", "_unsent", "abort", "finish", "write")

    def __init__(self, socket: EventSocket) -> None:
        self._socket = socket
        self._unsent = socket._unsent
        self.write = socket.write
        self.abort = socket.abort
        self.finish = socket.close

    @property
    def bytes_to_write(self) -> int:
        return self._unsent.size

    def set_reading(self, is_wanted: bool) -> None:
        if is_wanted:
            self._socket.resume_reading()
        else:
            self._socket.pause_reading()


def _done(job: Callable[[], object]) -> None:
    job()


def _at_once(job: Callable[[], object]) -> None:
    job()
