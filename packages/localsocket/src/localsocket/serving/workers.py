"""One worker as its supervisor sees it: a process, what it has said, and how it is ended."""

from __future__ import annotations

import contextlib
import enum
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from localsocket.serving.worker_process import Job, become_worker
from localsocket.serving.worker_words import LEAVE, Word, Words


class WorkerState(enum.Enum):
    LOADING = "loading"
    STARTING = "starting"
    """It has loaded the service, and waits for the doors, or has them."""
    SERVING = "serving"
    LEAVING = "leaving"
    """It was told to end."""


class WorkerProcess:
    """A process that was forked for a job; `number` is its place, from 1, which those that follow it take over."""

    def __init__(self, number: int, pid: int, channel: socket.socket) -> None:
        self.number = number
        self.pid = pid
        self.channel = channel
        self.state = WorkerState.LOADING
        self.problem = ""  # what it said before it ended
        self.serving_since = 0.0
        self.heard = 0.0  # last said that it is alive
        self.leave_by = 0.0
        self.is_condemned = False
        self._words = Words(channel)

    @classmethod
    def fork(cls, number: int, job: Job, let_go: Callable[[], object]) -> WorkerProcess:
        """Start a worker; `let_go` is called in it, to close what is the supervisor's alone."""
        ours, theirs = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # a full disk, or none: what is lost is not ours
                stream.flush()
        pid = os.fork()
        if not pid:
            ours.close()
            let_go()
            become_worker(theirs, number, job)
        theirs.close()
        ours.setblocking(False)
        return cls(number, pid, ours)

    def __repr__(self) -> str:
        return f"worker {self.number} (pid {self.pid})"

    def take_words(self) -> list[Word]:
        """Return what it has said since."""
        words = self._words.take()
        for word in words:
            self.heard = time.monotonic()
            if word.say == "failed":
                self.problem = word.text
        return words

    @property
    def has_said_all(self) -> bool:
        return self._words.is_over

    def serves(self) -> None:
        """It has said so."""
        self.state = WorkerState.SERVING
        self.serving_since = self.heard

    def leave(self, seconds: float, *, for_another: bool) -> None:
        """Tell it to end within the time: at once, or when those have called whom it has just let in."""
        self.state, self.leave_by = WorkerState.LEAVING, time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it has ended
            if for_another:
                self.channel.sendall(LEAVE)
            self.channel.shutdown(socket.SHUT_WR)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)  # it is ours until it was waited for

    def ended(self) -> int | None:
        """Return its exit status, or the negative number of the signal that ended it; None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """End it at once, and wait for that."""
        with contextlib.suppress(ChildProcessError):
            self.send_signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.channel.close()


def how_it_ended(status: int) -> str:
    """Return the exit status in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal
        return f"was ended by signal {-status}"
