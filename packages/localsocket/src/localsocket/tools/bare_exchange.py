"""What the measurements are compared with: the same exchange by Python's `socket` alone, on one connection.

`python -m localsocket.tools.bare_exchange` is the other process: it echoes what comes in at the socket that is its
standard input, and ends with it. A terminal's Ctrl-C does not reach it.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from time import perf_counter
from typing import Self

from localsocket.tools.closed_loop import ClosedLoops

LARGEST_CHUNK = 100_000  # both ends block while they send: what is under way has to fit into the system's buffers
_RECEIVED_AT_ONCE = 130_816  # as localsocket's own loops do


class BareExchange(ClosedLoops):
    """One connection to a process that echoes; both ends wait in recv() and sendall()."""

    def __init__(self, chunk_bytes: int) -> None:
        super().__init__("", connections=1, chunk_bytes=chunk_bytes)
        self._has_begun = False
        self._is_finished = False
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            ours, theirs = socket.socketpair()
            command = [sys.executable, "-m", __name__]
            with theirs:
                opened.enter_context(subprocess.Popen(command, stdin=theirs.fileno(), process_group=0))
            self._socket = opened.enter_context(ours)  # closed first, which ends the process
            ours.sendall(b"?")
            ours.recv(1)  # it has started
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _drive(self, seconds: float) -> None:
        (stream,), end = self.streams, perf_counter() + seconds
        receive, send = self._socket.recv, self._socket.sendall
        self._is_finished = False
        if not self._has_begun:
            self._has_begun = True
            send(stream.first_chunk)
        while not self._is_finished and perf_counter() < end:
            if not (data := receive(_RECEIVED_AT_ONCE)):
                raise RuntimeError("the process that echoes has ended")
            send(self.answer(stream, data))

    def _finish(self) -> None:
        self._is_finished = True


def main() -> None:
    with socket.socket(fileno=0) as connection, contextlib.suppress(ConnectionError):
        while data := connection.recv(_RECEIVED_AT_ONCE):
            connection.sendall(data)


if __name__ == "__main__":
    main()
