"""One connection that Qt's event loop watches: what arrives is handed out, and what waits is sent in time."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.qt.binding import QtObject, qt_core
from localsocket.qt.owner import Owner
from localsocket.sockets.connected_socket import ConnectedSocket


class SharedSocket(ConnectedSocket):
    """A connected socket whose bytes are handed out as they arrive, to what begin() says; for the thread of a loop."""

    __slots__ = ("_on_bytes", "_on_drained", "_on_end", "_reading", "_writing", "is_cut")

    def __init__(self, sock: socket.socket, **options: Any) -> None:
        self._reading: QtObject | None = None
        self._writing: QtObject | None = None
        self.is_cut = False
        super().__init__(sock, **options)

    def begin(
        self,
        owner: Owner,
        on_bytes: Callable[[bytes], object],
        on_end: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
    ) -> None:
        """From now on call `on_bytes` with what arrives, and `on_end` with why nothing more will.

        `on_drained` is called when everything is sent that had to be queued. Qt's part of it belongs to `owner`.
        """
        self._on_bytes, self._on_end, self._on_drained = on_bytes, on_end, on_drained
        self._is_owned = True
        notifier = qt_core().QSocketNotifier
        self._reading = owner.child(notifier, self._descriptor, notifier.Type.Read)
        self._reading.activated.connect(lambda *_: self._receive())
        self._writing = owner.child(notifier, self._descriptor, notifier.Type.Write)
        self._writing.setEnabled(False)
        self._writing.activated.connect(lambda *_: self._send_on())

    def send(self, data: bytes) -> None:
        """Send, or queue what the kernel does not take now. Who has lost the peer is told when all of it is read."""
        try:
            self.write_nowait(data)
        except (ClosedByPeer, ClosedByUs):
            self.is_cut = True
        except LocalSocketError as error:
            self.abort()
            self._on_end(error)

    def set_reading(self, is_wanted: bool) -> None:
        """Read, or do not; after a cut the end is still to be read."""
        if self._reading is not None:
            self._reading.setEnabled(is_wanted or self.is_cut)

    def unwatch(self) -> None:
        """Have Qt forget the descriptor; doing it again is fine."""
        notifiers = (self._reading, self._writing)
        self._reading = self._writing = None
        for notifier in notifiers:
            if notifier is not None:
                with contextlib.suppress(RuntimeError):  # Qt has destroyed it, with the events of its thread
                    notifier.setEnabled(False)
                    notifier.deleteLater()

    # ------------------------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        if self._reading is None:  # unwatched by what came before it in the same turn of the loop
            return
        with self._lock:
            self._pull()
            data, has_ended = self._received.take_available(None), self._received.has_ended
        if data:
            self._on_bytes(data)
        if has_ended and self._reading is not None:
            self._reading.setEnabled(False)
            self._on_end(self._failure() if self._failure else ClosedByPeer("it was in use"))

    def _send_on(self) -> None:
        if self._writing is None:
            return
        try:
            left = self.flush_nowait()
        except LocalSocketError:  # why is told when all of what came before is read
            self.is_cut, left = True, 0
        if not left:
            if self._writing is not None:
                self._writing.setEnabled(False)
            self._on_drained()

    def _has_queued(self) -> None:
        if self._writing is not None:
            self._writing.setEnabled(True)

    def _close_descriptor(self) -> None:
        self.unwatch()
        super()._close_descriptor()
