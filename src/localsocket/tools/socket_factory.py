"""Many sockets, each in a closed loop of one chunk in flight, every byte checked as it comes back."""

from __future__ import annotations

import random
import time
from array import array
from dataclasses import dataclass

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.errors import LocalSocketError
from localsocket.interfaces import MIB


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one run measured. `latencies` are seconds between the last bytes of one chunk and the next on a connection."""

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

    `position` is where in the pair of chunks the next byte to come stands, `completed_at` when a chunk last was.
    """

    __slots__ = ("chunks", "completed_at", "pattern", "position", "remaining")

    def __init__(self, chunk_bytes: int, seed: int) -> None:
        numbers = random.Random(seed)
        first = numbers.randbytes(chunk_bytes)
        second = bytes(byte ^ 0xA5 for byte in first)
        self.chunks = (first, second)
        # Twice the pair: what is sent runs one chunk ahead of what is received.
        self.pattern = memoryview((first + second) * 2)
        self.position = 0
        self.remaining = 0
        self.completed_at = 0.0


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
        self._latencies = array("d")
        self._bytes_received = 0
        self._corrupted = 0
        self._unfinished = 0
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
        self._latencies = array("d")
        self._bytes_received = self._corrupted = 0
        begun = time.perf_counter()
        for socket in self._sockets:
            stream: _ClosedLoop = socket.context
            stream.remaining = quota
            stream.completed_at = begun
            if not self._is_in_flight:
                socket.write(stream.chunks[0])
        self._is_in_flight = True
        self._loop.run(timeout=seconds)
        elapsed = time.perf_counter() - begun
        if self._error is not None:
            raise self._error
        return Exchange(
            self._connections,
            self._chunk_bytes,
            elapsed,
            self._bytes_received,
            len(self._latencies),
            self._corrupted,
            self._latencies,
        )

    # --- the sockets' events ------------------------------------------------------------------------------------------

    def ready_read(self, socket: EventSocket) -> None:
        data = socket.read_available()
        stream: _ClosedLoop = socket.context
        count = len(data)
        position = stream.position
        self._bytes_received += count
        if count != self._chunk_bytes or position % count:
            self._bounce_piece(socket, stream, data)
            return
        expected, answer = stream.chunks if not position else reversed(stream.chunks)
        if data != expected:
            self._corrupted += _difference(data, expected)
        stream.position = 0 if position else count
        self._complete(stream)
        socket.write(answer)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self._error = error
        self._loop.stop()

    # ------------------------------------------------------------------------------------------------------------------

    def _bounce_piece(self, socket: EventSocket, stream: _ClosedLoop, data: bytes) -> None:
        # Pieces are answered as they come, so one may hold the end of a chunk and the beginning of the next.
        chunk, position = self._chunk_bytes, stream.position
        end = position + len(data)
        expected = stream.pattern[position:end].tobytes()  # comparing with a view goes byte by byte
        if data != expected:
            self._corrupted += _difference(data, expected)
        stream.position = end % (2 * chunk)
        if end // chunk > position // chunk:
            self._complete(stream)
        socket.write(stream.pattern[position + chunk : end + chunk])

    def _complete(self, stream: _ClosedLoop) -> None:
        now = time.perf_counter()
        self._latencies.append(now - stream.completed_at)
        stream.completed_at = now
        if stream.remaining:
            stream.remaining -= 1
            if not stream.remaining:
                self._unfinished -= 1
                if not self._unfinished:
                    self._loop.stop()


def _difference(data: bytes, expected: bytes) -> int:
    return sum(ours != theirs for ours, theirs in zip(data, expected, strict=False)) + abs(len(data) - len(expected))
