"""Closed loops, whatever moves their bytes: one chunk in flight each, every byte checked as it comes back."""

from __future__ import annotations

import abc
import itertools
import random
from array import array
from dataclasses import dataclass
from time import perf_counter
from typing import Self

from localsocket.interfaces import MIB


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one run measured. `latencies` are seconds from a connection's one chunk complete to its next."""

    connections: int
    chunk_bytes: int
    seconds: float
    bytes_received: int
    round_trips: int
    corrupted: int
    latencies: array[float]

    @property
    def messages_per_second(self) -> float:
        return self.bytes_received / self.chunk_bytes / self.seconds

    @property
    def mib_per_second(self) -> float:
        return self.bytes_received / MIB / self.seconds

    def latency_us(self, quantile: float) -> float:
        """Return the latency in microseconds that `quantile` of the round trips stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * quantile))] * 1e6 if ordered else 0.0


class ClosedLoop:
    """One connection's endless stream of two different chunks in turn, so that a stale echo is not taken for the next.

    `expected` is the chunk that comes next, or None when a part of it has arrived, and `following` the one after it.
    `completed_at` is when a chunk last was complete, `remaining` how many have still to be.
    """

    __slots__ = ("_pair", "_position", "chunk_bytes", "completed_at", "expected", "following", "remaining")

    def __init__(self, chunk_bytes: int, seed: int) -> None:
        first = random.Random(seed).randbytes(chunk_bytes)
        second = bytes(byte ^ 0xA5 for byte in first)
        self.chunk_bytes = chunk_bytes
        self.expected: bytes | None = first
        self.following = second
        self.remaining = 0
        self.completed_at = 0.0
        # Twice the pair: what is sent runs one chunk ahead of what is received.
        self._pair = (first + second) * 2
        self._position = 0  # in the pair, of the next byte to come; kept only while `expected` is None

    @property
    def first_chunk(self) -> bytes:
        """What sets the loop going."""
        return self._pair[: self.chunk_bytes]

    @property
    def part_received(self) -> int:
        """How many bytes of the chunk under way have arrived."""
        return 0 if self.expected is not None else self._position % self.chunk_bytes

    def advance(self, data: bytes) -> tuple[bytes, int, bool]:
        """Take a piece that is not just the chunk expected: what to answer, wrong bytes, whether a chunk is complete.

        Pieces are answered as they come, so one may hold the end of a chunk and the beginning of the next.
        """
        chunk = self.chunk_bytes
        first, second = self._pair[:chunk], self._pair[chunk : 2 * chunk]
        begin = self._position if self.expected is None else chunk * (self.expected == second)
        end = begin + len(data)
        wrong = _difference(data, self._pair[begin:end])
        answer = self._pair[begin + chunk : end + chunk]
        self._position = end % (2 * chunk)
        current, self.following = (first, second) if self._position < chunk else (second, first)
        self.expected = None if self._position % chunk else current
        return answer, wrong, end // chunk > begin // chunk


class ClosedLoops(abc.ABC):
    """Opens `connections` sockets at `address` and drives them from one loop, in the caller's thread.

    What is received is checked and answered at once with the same number of bytes of what comes next, so that there
    is always one chunk in flight. A context manager: it connects on entry and closes everything on exit.
    """

    def __init__(self, address: str, *, connections: int, chunk_bytes: int) -> None:
        self.address = address
        self.streams = [ClosedLoop(chunk_bytes, seed) for seed in range(connections)]
        self._connections = connections
        self._chunk_bytes = chunk_bytes
        self._corrupted = 0
        self._unfinished = 0
        self._begun = 0.0
        self._parts_before = 0
        self._latencies = array("d")
        self._note_latency = self._latencies.append
        self._ended: Exchange | None = None

    @abc.abstractmethod
    def __enter__(self) -> Self: ...

    @abc.abstractmethod
    def __exit__(self, *_: object) -> None: ...

    def run_for(self, seconds: float) -> Exchange:
        """Exchange chunks for so long."""
        return self._run(quota=0, seconds=seconds)

    def run_round_trips(self, total: int, *, timeout: float) -> Exchange:
        """Exchange chunks until each connection has done its share of `total` round trips.

        Those that are done go on until the slowest is done, as in Qt's benchmark.
        """
        return self._run(quota=-(-total // self._connections), seconds=timeout)

    def answer(self, stream: ClosedLoop, data: bytes) -> bytes:
        """Check what has come back on `stream`, and return what to send now."""
        if data == stream.expected:
            answer = stream.following
            stream.expected, stream.following = answer, data
        else:
            answer, wrong, is_complete = stream.advance(data)
            self._corrupted += wrong
            if not is_complete:
                return answer
        now = perf_counter()
        self._note_latency(now - stream.completed_at)
        stream.completed_at = now
        if stream.remaining:
            self._count_down(stream)
        return answer

    # --- for a face to fill in ----------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _drive(self, seconds: float) -> None:
        """Move bytes for so long, or until _finish() is called; raise what ended a connection.

        The first time, have every connection send its first chunk; after that the next ones are under way already.
        """

    @abc.abstractmethod
    def _finish(self) -> None:
        """Have _drive() return: every connection has done its share."""

    # ------------------------------------------------------------------------------------------------------------------

    def _run(self, *, quota: int, seconds: float) -> Exchange:
        self._ended = None
        self._unfinished = self._connections
        self._corrupted = 0
        self._latencies = array("d")
        self._note_latency = self._latencies.append
        self._parts_before = self._parts_received()
        self._begun = perf_counter()
        for stream in self.streams:
            stream.remaining = quota
            stream.completed_at = self._begun
        self._drive(seconds)
        return self._ended or self._end()

    def _end(self) -> Exchange:
        elapsed = perf_counter() - self._begun
        round_trips = len(self._latencies)
        received = round_trips * self._chunk_bytes + self._parts_received() - self._parts_before
        return Exchange(
            self._connections,
            self._chunk_bytes,
            elapsed,
            received,
            round_trips,
            self._corrupted,
            self._latencies[:],
        )

    def _parts_received(self) -> int:
        return sum(stream.part_received for stream in self.streams)

    def _count_down(self, stream: ClosedLoop) -> None:
        stream.remaining -= 1
        if not stream.remaining:
            self._unfinished -= 1
            if not self._unfinished:
                # Here, and not once the loop has stopped: it may serve all the others first, and more than once.
                self._ended = self._end()
                self._finish()


def _difference(data: bytes, expected: bytes) -> int:
    """Return how many bytes of `data` are not the expected ones."""
    if data == expected:
        return 0
    return sum(ours != theirs for ours, theirs in itertools.zip_longest(data, expected))
