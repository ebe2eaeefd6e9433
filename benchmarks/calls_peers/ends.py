"""What every peer of the comparison of calls is: a server that echoes, and a client that calls it."""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable
from typing import Literal, NoReturn, TypeAlias

from calls_loops import CallLog

Test: TypeAlias = Literal["sequential", "inflight"]


class Skipped(Exception):
    """The peer has nothing of its own to measure in this row."""


class Ends(abc.ABC):
    """Both ends at `path`, a name in a directory of their own; the server has a process of its own."""

    def __init__(self, argument_bytes: int) -> None:
        self.argument_bytes = argument_bytes

    @abc.abstractmethod
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        """Echo until the process is ended, after calling `ready` once clients can connect."""

    @abc.abstractmethod
    def sequential(self, path: str, log: CallLog) -> None:
        """Make one call after the other on one connection."""

    @abc.abstractmethod
    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        """Keep `count` calls on their way in the way that is best for this peer."""


def wait_to_be_ended() -> NoReturn:
    """For servers that run on threads of their own."""
    while True:
        threading.Event().wait()
