"""What holds of a peer that says anything of shared memory, and writes anything into it.

The bytes are what it does, one act after the other: a letter that says what, how long the rest is, and the rest.

| letter | the peer |
|---|---|
| `f` | sends a frame: its kind, its number, its body |
| `b` | sends bytes as they are |
| `o` | offers its memory; the first byte, if there is one, says in which field of the name the others stand instead |
| `w` | writes into its memory, from the place that the first three bytes say |
| `h` | writes into the header of the other side's memory, where two bytes say, if that has offered some |
| `l` | waits until the other side has looked whether its memory is used |
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable, Iterator, Sequence

import msgspec

from localsocket import Service
from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import KIB, MIB, MemoryName, Outline
from localsocket.payload.sealed_memory import BLOCK, IS_SUPPORTED, STATES, make_memory, open_memory
from localsocket.payload.shared_memories import SharedMemories
from localsocket.payload.slabs import PeersSlab, Slab
from localsocket.wire.caller import Caller
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.shared_bodies import APART, LARGE, SHARED_MEMORY

if __package__:
    from fuzz.ends import End
else:  # where the fuzzer runs
    from ends import End

SIZE = 6 * BLOCK
SHARED = [SHARED_MEMORY, APART]
CLIENT = Greeting(role="client", max_message=MIB, stream_window=100, capabilities=SHARED)
GIVING = Greeting(role="service", max_message=MIB, max_calls=8, capabilities=SHARED)
SERVICE = Service("memory")
GUARD = bytes(range(64))

pack = msgspec.msgpack.Encoder().encode


@SERVICE.method
def echo(data: bytes) -> bytes:
    return data


@SERVICE.method
def zeros(count: int) -> bytes:
    return bytes(min(count, LARGE))


class _WatchedSlab(PeersSlab):
    """What is read of it stands between the ends that were said, and not in the header; it was claimed, and is free."""

    def take(
        self, first: int, size: int, apart: Sequence[tuple[bool, int]] = (), into: memoryview | None = None
    ) -> bytes:
        blocks = slice(STATES + first, STATES + first - -size // BLOCK)
        claimed = self._mapped[blocks]
        body = super().take(first, size, apart, into)
        start = first * BLOCK
        assert BLOCK <= start < start + size <= self.size
        assert (set(claimed), set(self._mapped[blocks])) == ({1}, {0})
        parts = [*body.pieces, bytes.__getitem__(body, slice(None))] if isinstance(body, Outline) else [body]
        assert b"".join(parts) == self._mapped[start : start + size]
        return body


class _WatchedMemories(SharedMemories):
    """What it has made and opened is kept, to see that it is closed."""

    def __init__(self) -> None:
        super().__init__(4 * MIB, 64 * MIB, self._see)
        self._slabs: list[Slab] = []

    def _see(self, slab: Slab) -> None:
        self._slabs.append(slab)
        if isinstance(slab, PeersSlab):
            slab.__class__ = _WatchedSlab

    def check_closed(self) -> None:
        slabs, self._slabs = self._slabs, []
        assert all(slab.is_closed for slab in slabs)


SERVICE._memories = _MEMORIES = _WatchedMemories()


class _Peer:
    """What acts: its memory, in which right bodies stand, and that of the other side, once it has been offered."""

    def __init__(self) -> None:
        self.memory, self.name, self._descriptor = make_memory(SIZE)
        for first, body in _BODIES:
            self.memory[first * BLOCK : first * BLOCK + len(body)] = body
        self._others: mmap.mmap | None = None
        self._heard = FrameDecoder(MIB)

    def close(self) -> None:
        self._descriptor.close()
        self.memory.close()
        if self._others is not None:
            self._others.close()

    def said_by(self, data: bytes, look: Callable[[], object]) -> Iterator[bytes]:
        """Act; yield what is to be received, and call `look` when time has passed."""
        while len(data) >= 2:
            letter, rest, data = data[:1], data[2 : 2 + data[1]], data[2 + data[1] :]
            if letter == b"b":
                yield rest
            elif letter == b"f" and len(rest) >= 2:
                yield encode_frame(rest[0], rest[1], rest[2:])
            elif letter == b"o":
                yield encode_frame(Kind.MEMORY, 0, pack(self._named(rest)))
            elif letter == b"w":
                self._write(self.memory, SIZE, rest[:3], rest[3:])
            elif letter == b"h" and self._others is not None:
                self._write(self._others, BLOCK, rest[:2], rest[2:])
            elif letter == b"l":
                look()

    def hear(self, written: bytes) -> None:
        """Open the memory that the other side offers."""
        for kind, _, body in self._heard.feed(written):
            if kind == Kind.MEMORY and self._others is None:
                self._others = open_memory(msgspec.msgpack.decode(body, type=MemoryName), 4 * MIB)

    def _named(self, changed: bytes) -> list[object]:
        name: list[object] = list(self.name)
        if changed:
            field = changed[0] % len(name)
            name[field] = int.from_bytes(changed[1:9], signed=True) if field < len(name) - 1 else changed[1:]
        return name

    def _write(self, memory: mmap.mmap, size: int, place: bytes, content: bytes) -> None:
        start = int.from_bytes(place) % size
        content = content[: size - start]
        memory[start : start + len(content)] = content


def a_service_reads_whole_bodies_out_of_memory_or_ends_that_connection(data: bytes) -> None:
    if not IS_SUPPORTED:
        return
    end, other = End(SERVICE, CLIENT), End(SERVICE, CLIENT)
    with contextlib.closing(_Peer()) as peer:
        for said in peer.said_by(data, end.do_what_was_put_off):
            if end.is_cut:
                break
            end.take_in(said)
            with contextlib.suppress(PeerBrokeProtocol):
                peer.hear(bytes(end.written))
            end.written.clear()
    if end.is_cut:
        _is_answered(other)
    for each in (end, other):
        each.session.lost()
        assert (each.session.active_calls, each.session.calls_begun) == (0, 0)
    _MEMORIES.check_closed()


def _is_answered(other: End) -> None:
    with contextlib.closing(_Peer()) as honest:
        for said in honest.said_by(RIGHT, other.do_what_was_put_off):
            other.take_in(said)
    assert not other.is_cut
    assert [kind for kind, _, _ in FrameDecoder(MIB).feed(bytes(other.written))] == ANSWERED


def a_client_reads_whole_results_out_of_memory_or_ends_that_connection(data: bytes) -> None:
    if not IS_SUPPORTED:
        return
    memories = _WatchedMemories()
    caller = Caller(CLIENT)
    caller.memories = memories
    caller.feed(GIVING.encode())
    buffer = bytearray(GUARD + bytes(8 * KIB) + GUARD)
    calls = [caller.begin("echo", None, (bytes(LARGE),)) for _ in range(2)]
    calls[0].into = memoryview(buffer)[len(GUARD) : -len(GUARD)]
    with contextlib.closing(_Peer()) as peer, contextlib.suppress(PeerBrokeProtocol):
        peer.hear(GIVING.encode() + calls[0].frame)
        for said in peer.said_by(data, lambda: caller.bodies is None or caller.bodies.rest()):
            caller.feed(said)
        _call_again(caller, peer)
    assert buffer.startswith(GUARD)
    assert buffer.endswith(GUARD)
    caller.abandon()
    assert caller.bodies is not None
    caller.bodies.close()
    memories.check_closed()


def _call_again(caller: Caller, peer: _Peer) -> None:
    """Call once more, whatever the peer has written; what goes by memory stands there whole."""
    call = caller.begin("echo", None, (GUARD * (LARGE // len(GUARD)),))
    if call.frame[4] == Kind.BODY_IN_MEMORY:
        assert peer._others is not None
        _, first, size, *_ = msgspec.msgpack.decode(call.frame[12:])
        body = peer._others[first * BLOCK : first * BLOCK + size]
        assert len(body) == size
        assert body.count(GUARD) == LARGE // len(GUARD)


# --- what the fuzzer begins with: right bodies in the peer's memory, and right acts with them -------------------------

_CALL = pack(["echo", None, [b"memory" * 9000]])  # in two blocks
_APART = bytes(4 * KIB) + pack(["echo", None, []])[:-1] + b"\x91\xc7\x02\x03\x00\x00"
_RESULT = bytes(4 * KIB) + b"\xc7\x02\x03\x00\x00"
_BODIES = ((1, _CALL), (5, _APART), (3, _RESULT), (4, pack("result")))
ANSWERED = [Kind.GREETING, Kind.MEMORY_ANSWER, Kind.REPLY, Kind.REPLY]


def _act(letter: bytes, rest: bytes = b"") -> bytes:
    return letter + bytes([len(rest)]) + rest


# More than there are, so that nothing but the ends of the memory is in the way.
_CLAIMED = _act(b"w", STATES.to_bytes(3) + b"\1" * 12)


def _in_memory(number: int, *place: object) -> bytes:
    return _act(b"f", bytes([Kind.BODY_IN_MEMORY, number]) + pack(place))


RIGHT = b"".join(
    [
        _act(b"o"),
        _CLAIMED,
        _in_memory(1, Kind.CALL, 1, len(_CALL)),
        _in_memory(2, Kind.CALL, 5, len(_APART), [[False, 4 * KIB]]),
    ]
)
LARGE_RESULTS = b"".join(
    [
        _act(b"f", bytes([Kind.CALL, 3]) + pack(["zeros", None, [LARGE]])),
        _act(b"f", bytes([Kind.MEMORY_ANSWER, 0]) + pack(True)),
        _act(b"h", STATES.to_bytes(2) + b"\1\0\1"),
        _act(b"f", bytes([Kind.CALL, 4]) + pack(["zeros", None, [LARGE]])),
        _act(b"l"),
        _act(b"o"),
        _act(b"o"),
    ]
)
RESULTS = b"".join(
    [
        _act(b"o"),
        _CLAIMED,
        _in_memory(1, Kind.REPLY, 3, len(_RESULT), [[True, 4 * KIB]]),
        _in_memory(2, Kind.REPLY, 4, 7),
        _act(b"f", bytes([Kind.MEMORY_ANSWER, 0]) + pack(True)),
    ]
)
