"""One thread for each connection of a server, and no more than so many."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from localsocket.blocking.local_server import LocalServer
from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, EndOfStream

logger = logging.getLogger("localsocket.serving")

MAX_THREADS = 256


class ConnectionThreads:
    """Calls a function with each connection, in a thread of its own.

    When all `max_threads` are taken, the next client waits in the backlog. An exception that leaves the function is
    logged and closes that connection only.
    """

    def __init__(self, server: LocalServer, serve: Callable[[LocalSocket], object], max_threads: int) -> None:
        self._server = server
        server._expect_waiting(threads=max_threads)
        self._serve = serve
        self._places = threading.Semaphore(max_threads)
        self._lock = threading.Lock()
        self._open: dict[LocalSocket, threading.Thread] = {}
        self._is_over = False

    def run(self) -> None:
        try:
            self._accept()
        finally:
            for thread in self._threads():
                thread.join()

    def stop(self, deadline: Deadline) -> None:
        """Wait for the functions to return, and close what is open at the deadline, which wakes them."""
        self._places.release()  # wakes the accepting thread if it waits for a place
        for thread in self._threads():
            thread.join(deadline.remaining())
        with self._lock:
            self._is_over = True
            sockets = list(self._open)
        for socket in sockets:
            socket.abort()

    def _accept(self) -> None:
        while True:
            self._places.acquire()
            try:
                socket = self._server.accept()
            except ClosedByUs:
                return
            try:
                self._start(socket)
            except RuntimeError as error:
                logger.error("closing %r because it gets no thread: %s", socket, error)
                socket.abort()
                self._places.release()

    def _start(self, socket: LocalSocket) -> None:
        thread = threading.Thread(target=self._run_one, args=[socket], name=f"localsocket {self._server.address}")
        with self._lock:
            thread.start()
            self._open[socket] = thread
            is_late = self._is_over
        if is_late:  # accepted just before the server was closed, and not seen by stop()
            socket.abort()

    def _run_one(self, socket: LocalSocket) -> None:
        try:
            with socket:
                self._serve(socket)
        except (ClosedByPeer, ClosedByUs, EndOfStream):
            pass  # how connections end: the peer left in the middle, or the server was stopped
        except Exception:
            logger.exception("closing %r because its handler failed", socket)
        finally:
            with self._lock:
                del self._open[socket]
            self._places.release()

    def _threads(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._open.values())
