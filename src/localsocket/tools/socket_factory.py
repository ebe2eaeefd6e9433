"""Many sockets, each in a closed loop of one chunk in flight, every byte checked as it comes back."""

from __future__ import annotations

import itertools
import random
from array import array
from dataclasses import dataclass
from time import perf_counter

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.errors import ClosedByPeer, LocalSocketError
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


class _ClosedLoop:
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


class SocketFactory(Handler):
    """Opens `connections` sockets at `address` and drives them from one loop, the caller's thread.

    What is received is checked and answered at once with the same number of bytes of what comes next, so that there
    is always one chunk in flight. Use as a context manager: it connects on entry and closes everything on exit.
    """

    def __init__(self, address: str, *, connections: int, chunk_bytes: int) -> None:
        self._address = address
        self._connections = connections
        self._chunk_bytes = chunk_bytes
        self._loop = EventLoop()
        self._sockets: list[EventSocket] = []
        self._corrupted = 0
        self._unfinished = 0
        self._note_latency = array("d").append
        self._is_in_flight = False  # after the first run, each socket's next chunk is under way already
        self._error: LocalSocketError | None = None

    def __enter__(self) -> SocketFactory:
        try:
            for number in range(self._connections):
                socket = self._loop.connect(self._address, self)
                socket.context = _ClosedLoop(self._chunk_bytes, number)
                self._sockets.append(socket)
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def run_for(self, seconds: float) -> Exchange:
        """Exchange chunks for so long."""
        return self._run(quota=0, seconds=seconds)

    def run_round_trips(self, total: int, *, timeout: float) -> Exchange:
        """Exchange chunks until each connection has done its share of `total` round trips.

        Those that are done go on until the slowest is done, as in Qt's benchmark.
        """
        return self._run(quota=-(-total // self._connections), seconds=timeout)

    def _run(self, *, quota: int, seconds: float) -> Exchange:
        self._unfinished = self._connections
        self._corrupted = 0
        latencies = array("d")
        self._note_latency = latencies.append
        parts_before = self._parts_received()
        begun = perf_counter()
        for socket in self._sockets:
            stream: _ClosedLoop = socket.context
            stream.remaining = quota
            stream.completed_at = begun
            if not self._is_in_flight:
                socket.write(stream.expected or b"")
        self._is_in_flight = True
        self._loop.run(timeout=seconds)
        elapsed = perf_counter() - begun
        if self._error is not None:
            raise self._error
        return Exchange(
            self._connections,
            self._chunk_bytes,
            elapsed,
            len(latencies) * self._chunk_bytes + self._parts_received() - parts_before,
            len(latencies),
            self._corrupted,
            latencies,
        )

    # --- the sockets' events ------------------------------------------------------------------------------------------

    def ready_read(self, socket: EventSocket) -> None:
        data = socket.read_available()
        stream: _ClosedLoop = socket.context
        if data == stream.expected:
            answer = stream.following
            stream.expected, stream.following = answer, data
        else:
            answer, wrong, is_complete = stream.advance(data)
            self._corrupted += wrong
            if not is_complete:
                socket.write(answer)
                return
        now = perf_counter()
        self._note_latency(now - stream.completed_at)
        stream.completed_at = now
        socket.write(answer)
        if stream.remaining:
            self._count_down(stream)

    def end_of_stream(self, socket: EventSocket) -> None:
        self.failed(socket, ClosedByPeer("exchanging data"))

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self._error = error
        self._loop.stop()

    # ------------------------------------------------------------------------------------------------------------------

    def _parts_received(self) -> int:
        return sum(socket.context.part_received for socket in self._sockets)

    def _count_down(self, stream: _ClosedLoop) -> None:
        stream.remaining -= 1
        if not stream.remaining:
            self._unfinished -= 1
            if not self._unfinished:
                self._loop.stop()


def _difference(data: bytes, expected: bytes) -> int:
    """Return how many bytes of `data` are not the expected ones."""
    if data == expected:
        return 0
    return sum(ours != theirs for ours, theirs in itertools.zip_longest(data, expected))
