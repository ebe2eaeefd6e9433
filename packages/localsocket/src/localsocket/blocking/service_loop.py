"""A service on one event loop: short calls run where they arrive, a long one keeps its thread and another goes on."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.local_server import LocalServer
from localsocket.deadlines import Deadline
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session import Session
from localsocket.services.stream_reply import IteratorSource, StreamReply
from localsocket.services.topic import Subscription

logger = logging.getLogger("localsocket.blocking")

# A thread that runs a function takes 10 to 40 microseconds to be told of a call; the loop's own takes none. So the
# loop's own thread runs each function, and one that takes longer than this loses the loop to another thread.
_PATIENCE = 0.005
_LOOKS_WHEN_IDLE = 200
_LOOK_AGAIN = 0.005


class _LoopIsTaken(BaseException):
    """Leads a thread that was held up in a function out of the loop."""


class ServiceLoop:
    """Serves the connections of `server`, in threads of its own: more than one where functions take long.

    At most `max_threads` run functions at the same time; further calls wait.
    """

    def __init__(self, server: LocalServer, service: Service, max_threads: int) -> None:
        self._service = service
        self._runner_id = 0
        self._max_threads = max_threads
        self._loop = EventLoop()
        self._ready: deque[Callable[[], object]] = deque()
        self._release: Callable[[], object] | None = None  # sends what is held back for the calls that run now
        self._lock = threading.Lock()
        self._runner = threading.current_thread()
        self._helpers: set[threading.Thread] = set()
        self._held_up: set[threading.Thread] = set()  # in a function, while another thread has the loop
        self._job = 0
        self._is_in_job = False
        self._is_watched = False
        self._wanted = threading.Event()
        self._is_over = threading.Event()
        self._is_stopping = False
        self._has_told_of_threads = False
        self._error: BaseException | None = None
        try:
            self._loop.serve(server, _ServiceHandler(self, service))
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
        for thread in self._helpers - self._held_up:
            thread.join()
        if self._error is not None:
            raise self._error

    def stop(self, deadline: Deadline) -> None:
        self._is_stopping = True
        self._loop.call_soon(self._end_connections, deadline)

    def is_own_thread(self) -> bool:
        return threading.current_thread() in self._helpers

    def cut(self) -> None:
        self._loop._cut()

    def close(self) -> None:
        self._loop.close()

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def take_in(self, session: Session, data: bytes) -> None:
        """Serve the calls that have arrived. What is to be sent for several of them goes out in one piece."""
        calls = session.receive(data)
        if len(calls) > 1:
            release = self._release = partial(session.release, session.hold())
            try:
                self._ready.extend(partial(self._serve, call) for call in calls)
                self.run_ready()
            finally:
                release()
        elif calls:
            self._run_job(self._serve, calls[0])
        if self._ready:
            self.run_ready()

    def soon(self, job: Callable[[], object]) -> None:
        """Have `job` done in the loop; any thread may call."""
        self._ready.append(job)
        if threading.current_thread() is not self._runner:
            self._loop.call_soon(self.run_ready)

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None:
        self._loop.call_later(seconds, callback, *arguments)

    def run_ready(self) -> None:
        """Do what became ready; in the loop."""
        while self._ready:
            self._run_job(self._ready.popleft())

    def _run_job(self, job: Callable[..., object], *arguments: object) -> None:
        self._job += 1
        self._is_in_job = True
        if not self._is_watched:
            self._is_watched = True
            self._wanted.set()
        try:
            job(*arguments)
        except Exception:
            logger.exception("service %r goes on after an error of its own", self._service.name)
        with self._lock:
            if self._runner_id != threading.get_ident():
                raise _LoopIsTaken
            self._is_in_job = False

    def _serve(self, call: ServedCall) -> None:
        session = call.session
        if call.answer.is_over and not call.is_notification:
            return  # cancelled before it began
        if not session.has_room_to_send:
            session.when_room(partial(self.soon, partial(self._serve, call)))
            return
        try:
            result = call.run()
            source = self._source(call, result) if call.method.is_stream else None
        except Exception as error:
            session.fail(call, error)
            return
        if source is None:
            session.reply(call, result)
        else:
            in_loop = not isinstance(source, Subscription)
            StreamReply(call, source, self.soon if in_loop else _at_once).begin()

    def _source(self, call: ServedCall, result: object) -> Subscription | IteratorSource:
        if isinstance(result, Subscription):
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
                if self._is_over.wait(_PATIENCE):
                    return
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
        if (release := self._release) is not None:
            release()
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

    def _may_take_over(self, job: int) -> bool:
        has_room = len(self._held_up) + 1 < self._max_threads or self._is_stopping
        return has_room and self._is_in_job and self._job == job

    def _take_over(self, job: int) -> bool:
        with self._lock:
            if not self._may_take_over(job):
                return False
            self._held_up.add(self._runner)
            self._become_runner()
            self._is_in_job = False
            return True

    def _go_on(self) -> None:
        self.run_ready()
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
        if not is_taken:
            self._is_over.set()
            self._wanted.set()
        elif self._error is not None:
            self._loop.stop()

    # --- ending -------------------------------------------------------------------------------------------------------

    def _end_connections(self, deadline: Deadline) -> None:
        """Let the functions that run finish, then the connections send what they have."""
        is_busy = self._held_up or self._ready
        if is_busy and not deadline.has_passed():
            self._loop.call_later(_LOOK_AGAIN, self._end_connections, deadline)
            return
        for socket in self._loop.sockets:
            socket.context.lost()
            socket.close(timeout=deadline.remaining())
        self._stop_when_empty(deadline)

    def _stop_when_empty(self, deadline: Deadline) -> None:
        if not deadline.has_passed() and self._loop.sockets:
            self._loop.call_later(_LOOK_AGAIN, self._stop_when_empty, deadline)
            return
        if self._held_up:
            logger.warning("service %r stops while %d functions run", self._service.name, len(self._held_up))
        self._loop.stop()


class _ServiceHandler(Handler):
    """What the loop calls: a session for each socket, as its context."""

    def __init__(self, loop: ServiceLoop, service: Service) -> None:
        self._loop = loop
        self._service = service

    def connected(self, socket: EventSocket) -> None:
        session = socket.context = Session(self._service, socket.peer, _Link(socket))
        session.begin()
        self._loop.call_later(self._service.limits.greeting, _drop_if_mute, session)

    def ready_read(self, socket: EventSocket) -> None:
        self._loop.take_in(socket.context, socket.read_available())

    def drained(self, socket: EventSocket) -> None:
        socket.context.sent()
        self._loop.run_ready()

    def disconnected(self, socket: EventSocket) -> None:
        socket.context.lost()
        self._loop.run_ready()


class _Link:
    """What a session needs of its socket."""

    __slots__ = ("_socket", "_unsent", "abort", "write")

    def __init__(self, socket: EventSocket) -> None:
        self._socket = socket
        self._unsent = socket._unsent
        self.write = socket.write
        self.abort = socket.abort

    @property
    def bytes_to_write(self) -> int:
        return self._unsent.size

    def set_reading(self, is_wanted: bool) -> None:
        if is_wanted:
            self._socket.resume_reading()
        else:
            self._socket.pause_reading()


def _drop_if_mute(session: Session) -> None:
    if not session.is_greeted and not session.is_over:
        session.drop("it has not greeted in time")


def _at_once(job: Callable[[], object]) -> None:
    job()
