"""A conversation between a socket and two files, such as the standard input and output."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.waiting import READABLE, Waker
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed, LocalSocketError
from localsocket.interfaces import KIB

_PIECE = 64 * KIB

T = TypeVar("T")


def relay(socket: LocalSocket, source: int, write: Callable[[bytes], object], *, timeout: float | None = None) -> None:
    """Send what can be read from the descriptor `source`, and write() what the peer sends, to the end of both.

    At the end of `source` sending is finished, and the peer can still answer. A peer that has closed ends it as well,
    whatever `source` may still bring; one that only finished sending does not. Raises DeadlinePassed when no byte has
    moved in either direction for `timeout` seconds, ClosedByPeer when the peer left without reading all that was sent
    to it, and what write() raises. The socket is closed in any case.
    """
    _Relay(socket, source, timeout).run(write)


class _Relay:
    def __init__(self, socket: LocalSocket, source: int, timeout: float | None) -> None:
        self._socket = socket
        self._source = source
        self._timeout = timeout
        self._moved_at = time.monotonic()
        self._failure: BaseException | None = None
        self._over = Waker()

    def run(self, write: Callable[[bytes], object]) -> None:
        # A thread of its own for sending: who waits for one direction must not hold up the other.
        sender = threading.Thread(target=self._send, name="localsocket relay")
        sender.start()
        try:
            while data := self._while_it_moves(partial(self._socket.read, _PIECE)):
                write(data)
                self._moved_at = time.monotonic()
            self._while_it_moves(self._wait_disconnected)
        except ClosedByUs:
            pass  # the sender failed, and says why
        except BaseException:
            self._socket.abort()
            raise
        finally:
            self._over.wake()
            sender.join()
            self._over.close()
            self._socket.abort()
        if self._failure is not None:
            raise self._failure

    def _while_it_moves(self, call: Callable[..., T]) -> T:
        """Make a call that may wait, for as long as bytes go in the other direction."""
        while True:
            moved_at = self._moved_at
            remaining = None if self._timeout is None else max(0.0, moved_at + self._timeout - time.monotonic())
            try:
                return call(timeout=remaining)
            except DeadlinePassed:
                if self._moved_at == moved_at:
                    raise Deadline(self._timeout).error("waiting for the next byte") from None

    def _wait_disconnected(self, timeout: float | None) -> bool:
        # Both have finished sending, or the peer is gone: the same event.
        if not self._socket.wait_disconnected(timeout):
            raise Deadline(timeout).error("waiting for the peer to close")
        return True

    def _send(self) -> None:
        try:
            while data := self._next_piece():
                self._socket.write(data)
                self._moved_at = time.monotonic()
            self._socket.shutdown_write()
        except ClosedByUs:
            pass  # it is over, for a reason that run() raises
        except ClosedByPeer as error:
            self._failure = error  # and what it sent before it left can still be read
        except (LocalSocketError, OSError) as error:
            self._failure = error
            self._socket.abort()

    def _next_piece(self) -> bytes:
        if not self._over.wait(self._source, READABLE, None):
            return b""
        return os.read(self._source, _PIECE)
