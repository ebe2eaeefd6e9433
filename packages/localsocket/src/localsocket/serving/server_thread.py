"""A server on a thread of its own: one loop for a Handler, a thread or an asyncio task per connection for functions."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeAlias, Unpack, cast

from localsocket.blocking.calling_back import calls_of_peer
from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.handler import Handler, check_handler
from localsocket.blocking.local_server import LocalServer, listen
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.monkey_patching import check_not_patched
from localsocket.blocking.service_loop import ServiceLoop
from localsocket.deadlines import UNWINDING, Deadline, check_count
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import ClosedByUs
from localsocket.forgotten import warn_forgotten
from localsocket.interrupts import join, wait_in_parts
from localsocket.keywords import check_keywords
from localsocket.services.item_times import check_idle_timeout
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service, protocols_at_address
from localsocket.serving.connection_threads import MAX_THREADS, ConnectionThreads
from localsocket.serving.idleness import leave_when_idle
from localsocket.sockets.handler_function import check_function, is_coroutine_function
from localsocket.sockets.server import ListenOptions

if TYPE_CHECKING:
    from localsocket.aio.serve import ConnectionCoroutine

logger = logging.getLogger("localsocket.serving")

STOP_TIMEOUT = 5.0

ConnectionFunction: TypeAlias = Callable[[LocalSocket], object]
"""Serves one connection, which is closed when it returns."""


class Serves(Protocol):
    def run(self) -> None:
        """Serve until told to stop and everything has ended."""

    def stop(self, deadline: Deadline) -> None:
        """Have connections end by the deadline; any thread may call."""

    def is_own_thread(self) -> bool:
        """Whether a function that it has called runs in this thread, beside its own."""

    def cut(self) -> None:
        """End the connections where it does not come to it by itself; any thread may call."""

    def close(self) -> None:
        """Let go of everything, if it has never run."""


class ServesService(Serves, Protocol):
    """On a loop, which each call of the service comes by."""

    @property
    def methods_cut(self) -> list[str]:
        """The methods of the calls that were under way when the time to stop was over."""

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Have the loop call it; any thread may call."""


class ServerThread:
    """Serves an address in a separate thread, from start() to stop(), or inside a `with` block.

    `address` is an address, or a LocalServer, which is closed at the end. `handler` is one of these: a Service; a
    Handler, whose methods one event loop calls for all connections; a function that takes a LocalSocket, called for
    each connection in its own thread, of which there are at most `max_threads`; or a coroutine function that takes an
    aio.LocalSocket, run as a task for each connection, on an asyncio loop in the server's thread. `protocols` restricts
    what a service speaks at this address. With `idle_timeout` the server stops when nobody has been connected for that
    many seconds, or up to a quarter longer; it never cuts off anybody it has accepted. `options` are those of listen().
    Raises UnsuitableHandler at once for a handler that lacks something.

    `ready` is set when the address is served, `stopped` when nothing is left running. If the thread ended unexpectedly,
    `error` says why, and stop() raises it. Any thread may call, except the server's own.

    One interpreter runs Python in one thread at a time. If the clients are threads of the same process, they take turns
    with the server, and every message costs a thread switch in each direction. A server in another process does not
    have that limit: run it with `localsocket serve MODULE:SERVICE`. `localsocket exchange --server process` measures
    it.
    """

    _is_owned = False
    """Whether what it belongs to tells that it was forgotten."""

    def __init__(
        self,
        address: str | os.PathLike[str] | LocalServer,
        handler: Handler | ConnectionFunction | ConnectionCoroutine | Service,
        *,
        max_threads: int = MAX_THREADS,
        protocols: Iterable[ProtocolName] | None = None,
        idle_timeout: float | None = None,
        **options: Unpack[ListenOptions],
    ) -> None:
        check_not_patched("a server thread")
        check_keywords("ServerThread", options, ListenOptions, ["max_threads", "protocols", "idle_timeout"])
        if isinstance(address, LocalServer) and options:
            raise TypeError(f"a server that is already listening takes no options: {', '.join(options)}")
        self.ready = threading.Event()
        self.stopped = threading.Event()
        self.error: BaseException | None = None
        self._address = address
        self._handler = handler if isinstance(handler, Service) else _check(handler)
        if isinstance(handler, Service) and not isinstance(address, LocalServer):
            options.setdefault("limits", handler.limits.of_socket())
        self._protocols = protocols_at_address(protocols, handler)
        self._max_threads = check_count(max_threads, "max_threads", minimum=1)
        self._idle_timeout = _check_idle(idle_timeout)
        self._options = options
        self._server: LocalServer | None = None
        self._serving: Serves | None = None
        self._thread: threading.Thread | None = None
        self._parent: int | None = None  # the process that goes on with it, in a forked child
        close_in_forked_child(self)
        self._is_left_behind = False

    @property
    def address(self) -> str:
        return self._address.address if isinstance(self._address, LocalServer) else os.fspath(self._address)

    @property
    def server(self) -> LocalServer:
        """The LocalServer behind it, which you may pause and inspect; RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("the server thread has not been started")
        return self._server

    def start(self) -> None:
        """Listen, and begin to serve; call it once only. Raises what listen() raises."""
        if self._parent is not None:
            raise self._left()
        if self._server is not None:
            raise RuntimeError("a server thread can be started only once; create another one")
        server = self._address if isinstance(self._address, LocalServer) else listen(self._address, **self._options)
        try:
            self._serving = self._serve(server)
            server._is_owned = True
            self._server = server
            # The thread does not hold this object, whose user may forget it.
            run = partial(_run, self._serving, server, self.ready, self.stopped, weakref.ref(self))
            self._thread = threading.Thread(target=run, name=f"localsocket {self.address}", daemon=True)
            self._thread.start()
            self.ready.wait()
            if self._idle_timeout is not None:
                self._watch_idleness(self._idle_timeout, self._serving, server)
        except BaseException:
            self._give_up_starting(server)
            raise

    def stop(self, *, timeout: float | None = STOP_TIMEOUT) -> None:
        """Stop accepting, let connections send unsent data until `timeout`, end them, and wait for the thread.

        Functions and methods have half a second more to return, because their connections are closed by then; those
        that do not are left running, and the log says so. If one blocks the thread that serves all connections, the
        connections are cut, and `error` says so. All threads are daemon threads, so none of them keeps the program from
        ending.

        When a method of the service or the function of a connection calls it, it does not wait: the server ends when
        that has returned and the caller has its answer. In a Handler or a connection's coroutine it raises
        RuntimeError. Raises what ended the thread unexpectedly; in a forked child it raises ClosedByUs, because the
        server stays with the parent. Stopping again has no effect.
        """
        deadline = Deadline(timeout)
        if self._thread is None or self._serving is None or self._is_left_behind:
            return
        is_own = self._thread is threading.current_thread()
        if is_own and not isinstance(self._handler, Service):
            raise RuntimeError("the server's own thread cannot wait for itself")
        if self._thread.is_alive() and not self.stopped.is_set():
            self.server.close()
            self._serving.stop(deadline)
            if is_own or self._serving.is_own_thread():
                return
            remaining = deadline.remaining()
            join(self._thread, None if remaining is None else remaining + 2 * UNWINDING)
            if self._thread.is_alive():
                self._leave_behind(self._serving, deadline)
                return
        if (error := self.error) is not None:
            self.error = None
            raise error

    def wait_stopped(self, timeout: float | None = None) -> bool:
        """Wait until the server has ended, by stop() or an error; return False if the time runs out first."""
        wait_in_parts(self.stopped.wait, self.stopped.is_set, Deadline(timeout).remaining())
        return self.stopped.is_set()

    def __enter__(self) -> ServerThread:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._parent is not None:
            return  # there is nothing to stop here, and what ends the block matters more
        self.stop()

    def __repr__(self) -> str:
        state = "not started" if self._server is None else "stopped" if self.stopped.is_set() else "serving"
        if self._parent is not None:
            state = f"left to process {self._parent}"
        return f"<ServerThread {self.address!r} {state}>"

    def __del__(self) -> None:
        """What was forgotten goes on: nobody can stop it any more, and that is said."""
        thread = getattr(self, "_thread", None)
        if thread is not None and thread.is_alive() and not self.stopped.is_set() and not self._is_owned:
            warn_forgotten(self)

    def _close_in_child(self) -> None:
        if self._thread is None:
            return
        self._parent = os.getppid()
        self.error = self._left()
        # Its lock may be held by a thread that does not exist here.
        self.stopped = threading.Event()
        self.stopped.set()

    def _left(self) -> ClosedByUs:
        return ClosedByUs(f"the server thread of {self.address!r}", parent=self._parent)

    def _serve(self, server: LocalServer) -> Serves:
        if isinstance(self._handler, Handler):
            return _LoopServing(server, self._handler)
        if isinstance(self._handler, Service):
            return self._serve_service(server, self._handler)
        if is_coroutine_function(self._handler):
            from localsocket.serving.coroutine_serving import CoroutineServing  # asyncio is loaded for it alone

            return CoroutineServing(server, cast("ConnectionCoroutine", self._handler))
        return ConnectionThreads(server, cast(ConnectionFunction, self._handler), self._max_threads)

    def _serve_service(self, server: LocalServer, service: Service) -> ServesService:
        if not service._needs_asyncio:
            return ServiceLoop(server, service, self._max_threads, self._protocols, calls_back=calls_of_peer)
        from localsocket.serving.coroutine_serving import CoroutineServing

        return CoroutineServing(server, service, self._protocols)

    def _call_in_loop(self, callback: Callable[[], object]) -> None:
        """Have the loop of a service call it, unless that has ended."""
        cast(ServesService, self._serving).call_soon(callback)

    @property
    def _methods_cut(self) -> list[str]:
        """The methods of the calls of a service that stop() has cut."""
        return cast(ServesService, self._serving).methods_cut

    def _close_server(self) -> None:
        """Listen no more, whether it was started or only given a server."""
        server = self._address if isinstance(self._address, LocalServer) else self._server
        if server is not None:
            server.close()

    def _watch_idleness(self, timeout: float, serving: Serves, server: LocalServer) -> None:
        """Have it stop when it has been idle; like the thread that serves, this one does not hold the object."""
        left_behind = self._handler._left_behind if isinstance(self._handler, Service) else None
        is_busy = (lambda: False) if left_behind is None else (lambda: not left_behind.is_empty())
        leave = partial(_leave, serving)
        watch = partial(leave_when_idle, server, timeout, is_busy, leave, self.stopped)
        threading.Thread(target=watch, name=f"localsocket {self.address} idle", daemon=True).start()

    def _leave_behind(self, serving: Serves, deadline: Deadline) -> None:
        """Stop although the thread does not end: held up in a handler, or deaf since its descriptors were closed."""
        self._is_left_behind = True
        serving.cut()
        self.error = deadline.error(f"stopping the server at {self.address!r}, whose thread is held up,")
        logger.warning("%s", self.error)
        self.stopped.set()

    def _give_up_starting(self, server: LocalServer) -> None:
        """Leave nothing behind of a start that was interrupted, or got no thread."""
        if server is not self._address or self._serving is not None:
            server.close()
        if self._serving is None:
            return
        if self._thread is not None and self._thread.ident is not None:
            self._serving.stop(Deadline(0))  # it ends by itself
        else:
            self._thread = None
            self._serving.close()
            self.stopped.set()


def _check_idle(idle_timeout: float | None) -> float | None:
    if idle_timeout == 0:
        raise ValueError("idle_timeout must be more than 0 seconds: nobody could connect in time")
    return check_idle_timeout(idle_timeout)


def _leave(serving: Serves) -> None:
    serving.stop(Deadline(STOP_TIMEOUT))


def _run(
    serving: Serves,
    server: LocalServer,
    ready: threading.Event,
    stopped: threading.Event,
    owner: weakref.ref[ServerThread],
) -> None:
    """Serve; what ends that before its time is told to the owner, unless that was forgotten."""

    def tell(error: BaseException) -> None:
        if (thread := owner()) is None:
            logger.error("%r ended unexpectedly", server, exc_info=error)
        elif thread.error is None:
            thread.error = error

    ready.set()
    try:
        serving.run()
    except BaseException as error:
        tell(error)
    try:
        server.close()
    except BaseException as error:
        tell(error)
    finally:
        stopped.set()


class _LoopServing:
    """One event loop for all connections."""

    def __init__(self, server: LocalServer, handler: Handler) -> None:
        self._loop = EventLoop()
        try:
            self._loop.serve(server, handler)
        except BaseException:
            self._loop.close()
            raise

    def run(self) -> None:
        with self._loop:
            self._loop.run()

    def stop(self, deadline: Deadline) -> None:
        self._loop.call_soon(self._end_connections, deadline)

    def is_own_thread(self) -> bool:
        return False  # beside the one of the loop there is none

    def cut(self) -> None:
        self._loop._cut()

    def close(self) -> None:
        self._loop.close()

    def _end_connections(self, deadline: Deadline) -> None:
        for socket in self._loop.sockets:
            socket.close(timeout=deadline.remaining())
        self._stop_when_empty(deadline)

    def _stop_when_empty(self, deadline: Deadline) -> None:
        if deadline.has_passed() or not self._loop.sockets:
            self._loop.stop()
        else:
            self._loop.call_later(0.005, self._stop_when_empty, deadline)


def _check(
    handler: Handler | ConnectionFunction | ConnectionCoroutine,
) -> Handler | ConnectionFunction | ConnectionCoroutine:
    if isinstance(handler, Handler) or not callable(handler) or isinstance(handler, type):
        return check_handler(handler)
    check_function(handler)
    return handler
