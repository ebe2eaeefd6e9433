"""One thread for each connection of a server, and no more than so many."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from localsocket.blocking.local_server import LocalServer
from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import UNWINDING, Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, EndOfStream
from localsocket.log_thinning import BURST_OF_HANDLERS, ThinnedLog

logger = logging.getLogger("localsocket.serving")

MAX_THREADS = 256


class ConnectionThreads:
    """Calls a function with each connection, in a thread of its own.

    When all `max_threads` are taken, the next client waits in the backlog. An exception that leaves the function is
    logged and closes that connection only, and so does a thread that cannot be started.
    """

    def __init__(self, server: LocalServer, serve: Callable[[LocalSocket], object], max_threads: int) -> None:
        self._server = server
        server._expect_waiting(threads=max_threads)
        self._serve = serve
        self._places = threading.Semaphore(max_threads)
        self._log = ThinnedLog(logger, BURST_OF_HANDLERS)
        self._changed = threading.Condition()
        self._open: dict[LocalSocket, threading.Thread] = {}
        self._deadline: Deadline | None = None  # once it is to stop

    def run(self) -> None:
        try:
            self._accept()
        finally:
            self._end()

    def stop(self, deadline: Deadline) -> None:
        with self._changed:
            self._deadline = deadline
            self._changed.notify_all()
        self._places.release()  # wakes the accepting thread if it waits for a place

    def is_own_thread(self) -> bool:
        with self._changed:
            return threading.current_thread() in self._open.values()

    def close(self) -> None:
        """Nothing is held before it runs."""

    def cut(self) -> None:
        for socket in self._sockets():
            socket.abort()

    # ------------------------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            self._places.acquire()
            try:
                socket = self._server.accept()
            except ClosedByUs:
                return
            try:
                self._start(socket)
            except (RuntimeError, MemoryError) as error:
                logger.error("closing %r because it gets no thread: %s", socket, error)

    def _start(self, socket: LocalSocket) -> None:
        # Daemonic: a function that does not return is not to keep the program from ending.
        thread = threading.Thread(
            target=self._run_one, args=[socket], name=f"localsocket {self._server.address}", daemon=True
        )
        with self._changed:
            self._open[socket] = thread
        try:
            thread.start()
        except BaseException:
            self._has_ended(socket)
            socket.abort()
            raise

    def _run_one(self, socket: LocalSocket) -> None:
        try:
            with socket:
                self._serve(socket)
        except (ClosedByPeer, ClosedByUs, EndOfStream):
            pass  # how connections end: the peer left in the middle, or the server was stopped
        except Exception as error:
            self._log.log(logging.ERROR, socket.peer.uid, "closing %r because its handler failed", socket, error=error)
        finally:
            self._has_ended(socket)

    def _has_ended(self, socket: LocalSocket) -> None:
        with self._changed:
            del self._open[socket]
            self._changed.notify_all()
        self._places.release()

    def _end(self) -> None:
        """Wait for the functions to return, but not long after the deadline, when their connections are closed."""
        self._wait_for_all()
        self.cut()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._open, UNWINDING):
                logger.warning(
                    "the server at %r stops while %d functions are still running", self._server.address, len(self._open)
                )

    def _wait_for_all(self) -> None:
        with self._changed:
            while self._open and (self._deadline is None or not self._deadline.has_passed()):
                self._changed.wait(None if self._deadline is None else self._deadline.remaining())

    def _sockets(self) -> list[LocalSocket]:
        with self._changed:
            return list(self._open)
