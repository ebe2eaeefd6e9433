"""Hostile peers, by name: each does one thing to a server, as fast as it can, until its time is over.

They write bytes of their own making, see docs/wire-format.md; to a server that is no service the bytes mean nothing.
"""

from __future__ import annotations

import array
import contextlib
import itertools
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator

from wire.building import CALL, CANCEL, CREDIT, HEADER, NOTIFICATION, call, frame, greeting, greeting_of, pack

GREETING = greeting("client", stream_window=1 << 18)
KIB = 1024
_CHUNK = 64 * KIB
_IDLE = 0.01
_MOST_OPEN = 2000

ATTACKS: dict[str, Callable[[Attack], object]] = {}
ON_BYTES: set[str] = set()
"""Those that mean something to a server of bytes, too."""


class Attack:
    """The connections of one attacker, which are closed at its end, and how long it goes on.

    That is for so many seconds, and nothing is begun after it has sent `most` bytes: else a fast machine gives a server
    more in a moment, and has it work at that for longer.
    """

    def __init__(self, path: str, seconds: float, most: float) -> None:
        self._path = path
        self._until = time.monotonic() + seconds
        self._left = most
        self._open: set[socket.socket] = set()

    @property
    def goes_on(self) -> bool:
        return self._left > 0 and self._has_time

    @property
    def _has_time(self) -> bool:
        return time.monotonic() < self._until

    def connect(self, said: bytes = GREETING) -> socket.socket:
        """Return a new connection that has said this; one that the server lets in or not."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(1)
        with contextlib.suppress(OSError):
            made.connect(self._path)
            made.sendall(said)
        self._left -= len(said)
        made.setblocking(False)
        self._open.add(made)
        return made

    def connect_many(self, count: int, said: bytes = GREETING) -> list[socket.socket]:
        return [self.connect(said) for _ in range(count)]

    def send(self, to: socket.socket, data: bytes) -> None:
        """Send all of it if the server takes it before the time is over; read nothing."""
        self.pour([to], iter([data]), reads=False)

    def pour(self, to: list[socket.socket], data: Iterator[bytes], *, reads: bool = True) -> None:
        """Send what comes, piece by piece, to all, as fast as each of them takes it, and throw away what they answer.

        A connection that the server has ended is made again.
        """
        left: dict[socket.socket, memoryview] = {}
        if self.goes_on and (first := next(data, b"")):
            left = dict.fromkeys(to, memoryview(first))
        while left and self._has_time:
            waiting = list(left)
            readable, writable, _ = select.select(waiting if reads else [], waiting, [], _IDLE)
            for each in {*readable, *writable}:
                rest = self._exchange(each, left.pop(each), reads=each in readable, writes=each in writable)
                if rest is None:
                    self.close(each)
                    each, rest = self.connect(), memoryview(b"")
                if rest or (self.goes_on and (rest := memoryview(next(data, b"")))):
                    left[each] = rest

    def wait(self) -> None:
        """Hold everything that is open until the time is over."""
        time.sleep(max(0.0, self._until - time.monotonic()))

    def close(self, connection: socket.socket) -> None:
        self._open.discard(connection)
        connection.close()

    def end(self) -> None:
        for each in self._open:
            each.close()

    def _exchange(self, peer: socket.socket, data: memoryview, *, reads: bool, writes: bool) -> memoryview | None:
        """Return what is still to be sent, or None when the connection is over."""
        try:
            if reads and not peer.recv(_CHUNK):
                return None
            if writes:
                sent = peer.send(data)
                self._left -= sent
                return data[sent:]
        except BlockingIOError:
            return data
        except OSError:
            return None
        return data


Attacking = Callable[[Attack], object]


def attack(function: Attacking) -> Attacking:
    ATTACKS[function.__name__] = function
    return function


def attack_on_bytes(function: Attacking) -> Attacking:
    ON_BYTES.add(function.__name__)
    return attack(function)


def without_end(make: Callable[[int], bytes], *, first: int = 1, size: int = _CHUNK) -> Iterator[bytes]:
    """Return pieces of about `size` bytes, of frames that are made of numbers that go on."""
    numbers = itertools.count(first)
    while True:
        piece = bytearray()
        while len(piece) < size:
            piece += make(next(numbers) % (1 << 32))
        yield bytes(piece)


def notification(method: str, *arguments: object) -> bytes:
    return frame(NOTIFICATION, 0, pack((method, None, arguments)))


# --- peers that say nothing, or not all of it -------------------------------------------------------------------------


@attack_on_bytes
def mute(attack: Attack) -> None:
    attack.connect_many(100, b"")
    attack.wait()


@attack_on_bytes
def slow_greeting(attack: Attack) -> None:
    connections = attack.connect_many(50, b"")
    for byte in itertools.cycle(GREETING[:-1]):
        for each in connections:
            with contextlib.suppress(OSError):
                each.send(bytes([byte]))
        if not attack.goes_on:
            return


@attack_on_bytes
def half_a_frame(attack: Attack) -> None:
    half = call(1, "take", bytes(1000 * KIB))[: 900 * KIB]
    for _ in range(50):
        attack.send(attack.connect(), half)
    attack.wait()


@attack_on_bytes
def giant_header(attack: Attack) -> None:
    attack.pour(attack.connect_many(8), without_end(lambda n: HEADER.pack(0xFFFFFFFF, CALL, 0, 0, n)))


@attack_on_bytes
def one_byte_at_a_time(attack: Attack) -> None:
    connections = attack.connect_many(20)
    attack.pour(connections, (bytes([byte]) for byte in itertools.cycle(call(1, "echo", b"x"))))


@attack_on_bytes
def half_closed(attack: Attack) -> None:
    open_ones: deque[socket.socket] = deque()
    while attack.goes_on:
        for each in attack.connect_many(20, GREETING + call(1, "nap", 0.3) + call(2, "echo", bytes(10_000))):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_WR)
            open_ones.append(each)
        while len(open_ones) > _MOST_OPEN:
            attack.close(open_ones.popleft())
        time.sleep(_IDLE)


@attack_on_bytes
def connecting_and_leaving(attack: Attack) -> None:
    while attack.goes_on:
        attack.close(attack.connect(GREETING[:20]))
        attack.close(attack.connect(GREETING + call(1, "nap", 0.3)))


@attack
def leaving_with_notifications(attack: Attack) -> None:
    said = GREETING + notification("nap", 0.05, bytes(1000)) * 50
    while attack.goes_on:
        attack.close(attack.connect(said))


# --- peers that call too much -----------------------------------------------------------------------------------------


@attack
def calls_that_are_cancelled(attack: Attack) -> None:
    attack.pour([attack.connect()], without_end(lambda n: call(n, "rest", 1.0) + frame(CANCEL, n)))


@attack
def calls_in_threads_that_are_cancelled(attack: Attack) -> None:
    attack.pour([attack.connect()], without_end(lambda n: call(n, "nap", 0.05, bytes(1000)) + frame(CANCEL, n)))


@attack_on_bytes
def notifications(attack: Attack) -> None:
    attack.pour(attack.connect_many(2), without_end(lambda _: notification("take", 1)))


@attack
def notifications_that_rest(attack: Attack) -> None:
    attack.pour(attack.connect_many(2), without_end(lambda _: notification("rest", 0.5, bytes(1000))))


@attack
def notifications_in_threads(attack: Attack) -> None:
    attack.pour([attack.connect()], itertools.repeat(notification("nap", 0.02) * 400, 10), reads=False)
    attack.wait()


@attack
def calls_that_are_slow(attack: Attack) -> None:
    attack.pour(attack.connect_many(4), iter([b"".join(call(n, "nap", 0.5) for n in range(1, 257))]))
    attack.wait()


@attack
def calls_that_are_slow_and_large(attack: Attack) -> None:
    attack.pour(attack.connect_many(4), without_end(lambda n: call(n, "nap", 0.2, bytes(500 * KIB))))


@attack
def too_many_calls(attack: Attack) -> None:
    attack.pour(attack.connect_many(2), without_end(lambda n: call(n, "rest", 1.0)))


@attack
def calls_that_fail(attack: Attack) -> None:
    attack.pour([attack.connect()], without_end(lambda n: call(n, "fail", "\x1b[31m\nERROR root: forged")))


@attack
def descriptions(attack: Attack) -> None:
    attack.pour(attack.connect_many(2), without_end(lambda n: call(n, "localsocket.describe")))


@attack
def unknown_methods(attack: Attack) -> None:
    attack.pour([attack.connect()], without_end(lambda n: call(n, f"ech{n}" + "o" * 2000)))


@attack
def ids_used_again(attack: Attack) -> None:
    attack.pour(attack.connect_many(4), without_end(lambda n: call(1 + n % 2, "rest", 0.5)))


@attack
def cancelling_what_is_not_there(attack: Attack) -> None:
    credit = pack(1)
    attack.pour(attack.connect_many(2), without_end(lambda n: frame(CANCEL, n) + frame(CREDIT, n, credit)))


# --- peers that do not read -------------------------------------------------------------------------------------------


@attack_on_bytes
def answers_left_unread(attack: Attack) -> None:
    data = bytes(60 * KIB)
    attack.pour(attack.connect_many(4), without_end(lambda n: call(n, "echo", data)), reads=False)


@attack
def streams_without_credit(attack: Attack) -> None:
    said = greeting("client", stream_window=1)
    opened = b"".join(call(n, ("numbers", "numbers_in_thread")[n % 2]) for n in range(1, 257))
    attack.pour(attack.connect_many(4, said), iter([opened]))
    attack.wait()


@attack
def streams_left_unread(attack: Attack) -> None:
    said = greeting("client", stream_window=1 << 40)
    opened = b"".join(call(n, ("numbers", "numbers_in_thread")[n % 2]) for n in range(1, 33))
    attack.pour(attack.connect_many(4, said), iter([opened]), reads=False)
    attack.wait()


@attack
def credit_beyond_measure(attack: Attack) -> None:
    opened = b"".join(call(n, "numbers") for n in range(1, 5))
    granted = pack((1 << 63) - 1)
    connections = attack.connect_many(2)
    for each in connections:
        attack.send(each, opened)
    attack.pour(connections, without_end(lambda n: frame(CREDIT, 1 + n % 4, granted)))


@attack
def subscriptions(attack: Attack) -> None:
    opened = b"".join(call(n, "localsocket.subscribe", "ticks") for n in range(1, 257))
    attack.pour(attack.connect_many(4), iter([opened]), reads=False)
    attack.wait()


# --- peers that send what is hard to read -----------------------------------------------------------------------------


def colliding_map() -> bytes:
    """A call whose argument is a map of 8,192 keys of one hash, since hash(-1) == hash(-2)."""
    keys = (b"\x9d" + bytes(0xFF - (n >> bit & 1) for bit in range(13)) for n in range(8192))
    return b"\x93\xa4take\xc0\x91\xde\x20\x00" + b"".join(key + b"\x01" for key in keys)


@attack
def colliding_keys(attack: Attack) -> None:
    body = colliding_map()
    attack.pour(attack.connect_many(2), without_end(lambda n: frame(CALL, n, body)))


@attack
def colliding_keys_that_do_not_fit(attack: Attack) -> None:
    body = colliding_map().replace(b"take", b"echo", 1)
    attack.pour(attack.connect_many(2), without_end(lambda n: frame(CALL, n, body)))


@attack
def deep_nesting(attack: Attack) -> None:
    body = b"\x93\xa4take\xc0\x91" + b"\x91" * 100_000 + b"\xc0"
    attack.pour(attack.connect_many(4), without_end(lambda n: frame(CALL, n, body)))


@attack
def greetings_with_escapes(attack: Attack) -> None:
    forged = "\n".join(["\x1b[2J\x1b[31mERROR root: login of admin ok"] * 1000)
    said = greeting_of(pack({"role": "client", "max_message": 1 << 20, "serializer": forged}))
    while attack.goes_on:
        attack.close(attack.connect(said))


@attack_on_bytes
def descriptors(attack: Attack) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 200))]
    said = call(1, "echo", b"x")
    while attack.goes_on:
        connection = attack.connect()
        for _ in range(20):
            with contextlib.suppress(OSError):
                connection.sendmsg([said], passed)
        time.sleep(_IDLE)
        attack.close(connection)
    os.close(null)
